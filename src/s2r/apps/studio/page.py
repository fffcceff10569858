"""The studio's page, in Gradio: its layout, and the action of each element."""

from functools import partial
from importlib.resources import files

import gradio as gr
from fastapi import FastAPI

from s2r.apps.studio.actions import CONTOURS, NO_OTHER, PRESETS, Actions, chosen_models
from s2r.apps.studio.other_pages import learner_page, live_page
from s2r.apps.studio.recorder import wait_for_recording
from s2r.apps.studio.video import LONGEST

SIZES = (128, 256, 512)
"""Heights of the video to choose from, in pixels."""

LARGEST = 500_000_000
"""Bytes of an uploaded file."""

WAITING = 20
"""Videos that may wait in the queue."""

KEPT = 3600
"""Least time for which uploaded files and videos are kept, s."""

THEME = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
"""Uses the fonts of the machine: none is loaded."""

INTRODUCTION = """# s2r studio
Real-time MRI video of the vocal tract, generated from the sound of speech."""

WARNING = """The video shows what a model expects. It is not a measurement: draw no conclusion
about a person from it."""


def application(actions: Actions) -> FastAPI:
    """The page as a web application."""
    page = build_page(actions)
    # Gradio checks the paths in requests only for pages that it considers launched.
    page.has_launched = page.is_running = True
    return gr.mount_gradio_app(
        FastAPI(openapi_url=None),
        page,
        path="/",
        theme=THEME,
        css="footer { display: none !important } #live img { width: min(100%, 420px); }",
        head=f"<script>{files('s2r.apps.studio').joinpath('names.js').read_text()}</script>",
        max_file_size=LARGEST,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
    )


def build_page(actions: Actions) -> gr.Blocks:
    """The pages of the studio."""
    with gr.Blocks(
        title="s2r studio", analytics_enabled=False, delete_cache=(KEPT // 2, KEPT)
    ) as page:
        gr.Markdown(INTRODUCTION)
        with gr.Tab("Video"):
            _video_page(actions)
        with gr.Tab("Two recordings"):
            learner_page(actions)
        with gr.Tab("Live"):
            live_page(actions)
    page.queue(max_size=WAITING)
    return page


def _video_page(actions: Actions) -> None:
    """Speech, speaker and model on the left, the video with its time line on the right."""
    names = list(actions.models)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            speech, video_upload, examples = _speech(actions)
            speaker, at_rest, pictures, force = _speaker(actions, names[0])
            model, second, sampler, clean, height, seed = _model(names)
            truth, contours = _shown_beside(actions)
            with gr.Accordion("About the model", open=False):
                card = gr.Markdown(actions.cards[names[0]], elem_id="card")
            start = gr.Button("Generate", variant="primary", elem_id="generate")
        with gr.Column(scale=3, min_width=420):
            video = gr.Video(label="Video", interactive=False, height=420, elem_id="video")
            time_line = _time_line()
            caption = gr.Markdown(elem_id="caption")
            downloads = gr.File(
                label="Download",
                file_count="multiple",
                interactive=False,
                elem_id="downloads",
            )
            gr.Markdown(WARNING)
    private = {"show_progress": "hidden", "api_visibility": "private"}
    for choice in (model, second):
        choice.change(actions.choose, [model, second, speaker], [speaker, at_rest, card], **private)
    for number, button in enumerate(examples):
        button.click(
            partial(_example, actions, number),
            [model, second],
            [speech, speaker],
            **private,
        )
    speaker.change(actions.at_rest, [model, speaker], at_rest, **private)
    video_upload.upload(actions.sound_of, video_upload, speech, **private)
    wait_for_recording(start, speech)
    start.click(
        actions.generate,
        [
            *(speech, speaker, pictures, force, model, second, sampler, clean, height, seed),
            *(truth, contours),
        ],
        [video, time_line, downloads, caption],
        api_name="generate",
        concurrency_limit=1,
        show_progress_on=video,
    )


def _example(actions: Actions, number: int, model: str, second: str) -> tuple:
    return actions.example(number, actions.common_speakers(chosen_models(model, second)))


def _speech(actions: Actions) -> tuple[gr.Audio, gr.UploadButton, list[gr.Button]]:
    speech = gr.Audio(
        label=f"Speech, up to {LONGEST:.0f} s",
        sources=["upload", "microphone"],
        type="filepath",
        buttons=["download"],  # no button that shares the recording
        elem_id="speech",
    )
    video_upload = gr.UploadButton(
        "Take the sound of a video", file_types=["video"], size="sm", elem_id="film"
    )
    with gr.Row(elem_id="examples"):
        examples = [
            gr.Button(f"Example: {example.label}", size="sm", min_width=140)
            for example in actions.examples
        ]
    return speech, video_upload, examples


def _speaker(actions: Actions, model: str) -> tuple[gr.Dropdown, gr.Image, gr.File, gr.Checkbox]:
    subjects = actions.common_speakers([model])
    with gr.Row():
        speaker = gr.Dropdown(subjects, label="Speaker", elem_id="speaker", scale=2)
        at_rest = gr.Image(
            actions.at_rest(model, subjects[0]),
            label="At rest",
            interactive=False,
            buttons=[],
            height=130,
            min_width=130,
            elem_id="at-rest",
        )
    with gr.Accordion("Your own pictures", open=False):
        pictures = gr.File(
            label="Midsagittal MRI of one speaker, facing the same way: stills at rest, or a film",
            file_count="multiple",
            file_types=["image", "video"],
            type="filepath",
            height=120,
            elem_id="picture",
        )
        force = gr.Checkbox(label="Use them even if they do not look like it")
    return speaker, at_rest, pictures, force


def _model(
    names: list[str],
) -> tuple[gr.Dropdown, gr.Dropdown, gr.Radio, gr.Checkbox, gr.Dropdown, gr.Number]:
    model = gr.Dropdown(names, label="Model", elem_id="model")
    second = gr.Dropdown(
        [NO_OTHER, *names],
        value=NO_OTHER,
        label="Compare with",
        visible=len(names) > 1,
        elem_id="second",
    )
    sampler = gr.Radio(
        list(PRESETS),
        value="balanced",
        label="Quality",
        info="balanced: as the model was scored. best takes several times as long as fast.",
        elem_id="sampler",
    )
    clean = gr.Checkbox(label="Without the noise of the scanner", elem_id="clean")
    with gr.Row():
        sizes = [(f"{size} pixels", size) for size in SIZES]
        height = gr.Dropdown(sizes, value=256, label="Height", elem_id="height")
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, elem_id="seed")
    return model, second, sampler, clean, height, seed


def _shown_beside(actions: Actions) -> tuple[gr.Checkbox, gr.Checkbox]:
    truth = gr.Checkbox(
        True, label="With an example: the true video beside the generated one", elem_id="truth"
    )
    contours = gr.Checkbox(
        False,
        label="Contours and names of tongue, palate, lips, velum, jaw and larynx",
        info=actions.no_probe or f"They are {CONTOURS}",
        interactive=actions.probe is not None,
        elem_id="contours",
    )
    return truth, contours


def _time_line() -> gr.HTML:
    """Waveform and spectrogram with a cursor, for the video that the page shows."""
    folder = files("s2r.apps.studio")
    return gr.HTML(
        None,
        html_template=folder.joinpath("time_line.html").read_text(),
        css_template=folder.joinpath("time_line.css").read_text(),
        js_on_load=folder.joinpath("time_line.js").read_text(),
        elem_id="time-line",
    )
