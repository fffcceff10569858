"""A button that waits for the recorder: the page shows a recording before the server has it."""

import json

import gradio as gr


def wait_for_recording(button: gr.Button, *recorders: gr.Audio) -> None:
    """``button`` cannot be pressed from the start of a recording until the server has it.

    The page does this itself, without a question to the server. It also ends where the recording
    is thrown away, or another sound takes its place.
    """
    for recorder in recorders:
        recorder.start_recording(None, None, button, js=_pressable(False))
        gr.on(
            [recorder.stop_recording, recorder.change, recorder.clear],
            None,
            None,
            button,
            js=_pressable(True),
        )


def _pressable(value: bool) -> str:
    update = json.dumps({"__type__": "update", "interactive": value})
    return f"() => ({update})"
