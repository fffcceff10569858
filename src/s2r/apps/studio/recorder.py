"""A button that waits for the recorder: the page shows a recording before the server has it."""

import gradio as gr


def wait_for_recording(button: gr.Button, *recorders: gr.Audio) -> None:
    """``button`` cannot be pressed from the start of a recording until the server has it.

    The page does this itself, without a question to the server. It also ends where the recording
    is thrown away, or another sound takes its place.
    """
    for recorder in recorders:
        recorder.start_recording(None, None, button, js=_pressable("false"))
        gr.on(
            [recorder.stop_recording, recorder.change, recorder.clear],
            None,
            None,
            button,
            js=_pressable("true"),
        )


def _pressable(value: str) -> str:
    return f'() => ({{__type__: "update", interactive: {value}}})'
