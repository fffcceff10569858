"""The studio's other two pages: two recordings in step, and live."""

from functools import partial

import gradio as gr

from s2r.apps.studio import live
from s2r.apps.studio.actions import Actions
from s2r.apps.studio.learner import LIMITS, LONGEST_PAIR
from s2r.apps.studio.recorder import wait_for_recording

PRIVATE = {"show_progress": "hidden", "api_visibility": "private"}


def learner_page(actions: Actions) -> None:
    """A target's recording and one's own, as videos in step."""
    names = list(actions.models)
    gr.Markdown("Two recordings of the same words: the target's, and your own in step with it.")
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            target, own = (
                gr.Audio(
                    label=f"{whose}, up to {LONGEST_PAIR:.0f} s",
                    sources=["upload", "microphone"],
                    type="filepath",
                    buttons=[],
                    elem_id=name,
                )
                for whose, name in (("Target", "target"), ("Mine", "own"))
            )
            with gr.Row():
                for number, example in enumerate(actions.examples[:2]):
                    gr.Button(
                        f"Example as {('target', 'mine')[number]}: {example.label}", size="sm"
                    ).click(
                        partial(_sound_of_example, actions, number),
                        None,
                        (target, own)[number],
                        **PRIVATE,
                    )
            model = gr.Dropdown(names, label="Model", visible=len(names) > 1)
            speakers = actions.common_speakers(names[:1])
            speaker = gr.Dropdown(speakers, label="Shown on the anatomy of")
            start = gr.Button("Compare", variant="primary", elem_id="compare")
        with gr.Column(scale=3, min_width=420):
            video = gr.Video(
                label="Target, mine in step, and both", interactive=False, elem_id="in-step"
            )
            found = gr.Markdown(elem_id="found")
            gr.Markdown(LIMITS)
    model.change(partial(_speakers, actions), model, speaker, **PRIVATE)
    wait_for_recording(start, target, own)
    start.click(
        actions.compare,
        [target, own, model, speaker],
        [video, found],
        api_name="compare",
        concurrency_limit=1,
        show_progress_on=video,
    )


def live_page(actions: Actions) -> None:
    """The vocal tract while somebody speaks."""
    name = live.live_model(actions.models)
    gr.Markdown(
        f"**Experiment.** Speak, and see the tract a little later. "
        f"{live.about(name, actions.models[name])}"
    )
    heard = gr.State(live.Heard())
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            microphone = gr.Audio(
                label="Microphone",
                sources=["microphone"],
                type="numpy",
                streaming=True,
                buttons=[],
                elem_id="microphone",
            )
            speaker = gr.Dropdown(
                list(actions.models[name].references), label="Speaker", elem_id="live-speaker"
            )
        with gr.Column(scale=3, min_width=320):
            picture = gr.HTML(elem_id="live")
            delay = gr.Markdown(elem_id="delay")
    microphone.start_recording(live.Heard, None, heard, **PRIVATE)
    microphone.stream(
        actions.hear,
        [microphone, heard, speaker],
        [heard, picture, delay],
        stream_every=live.CHUNK,
        time_limit=300,
        concurrency_limit=1,
        **PRIVATE,
    )


def _sound_of_example(actions: Actions, number: int) -> str:
    sound, _ = actions.example(number, ())
    return sound


def _speakers(actions: Actions, model: str) -> gr.Dropdown:
    speakers = actions.common_speakers([model])
    return gr.Dropdown(speakers, value=speakers[0])
