"""The studio's page in a real browser: Debian's Chromium, without a window."""

import re

import pytest

from helpers.chromium import STEP, needs_chromium, running_browser
from helpers.sounds import voice
from helpers.studio_server import served
from s2r.core.media.encode import write_wav

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[studio]'")
pytestmark = needs_chromium

OPTIONS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("models")) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    with running_browser(*OPTIONS) as found:
        yield found


@pytest.fixture
def page(browser, server):
    """The page in a window of its own; afterwards nothing may have been wrong with it."""
    page = browser.new_page()
    page.set_default_timeout(STEP)
    page.errors, asked = [], []
    page.on("console", lambda line: line.type == "error" and page.errors.append(line.text))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.address)
    page.wait_for_selector("#generate")
    page.wait_for_selector(SPEECH, state="attached")
    yield page
    page.close()
    assert not page.errors
    foreign = [url for url in asked if not url.startswith((server.address, "blob:", "data:"))]
    assert asked
    assert not foreign


SPEECH = "#speech input[type=file]"
VIDEO = "document.querySelector('#video video')"


def video(page, value):
    return page.evaluate(f"{VIDEO}.{value}")


def until(page, condition):
    """Wait until a JavaScript expression holds."""
    for _ in range(STEP // 50):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def choose(page, dropdown, option):
    page.click(f"{dropdown} input")
    page.click(f"[role=option]:has-text('{option}')")


def generated(page):
    page.click("#generate")
    page.wait_for_selector("#video video, .toast-body")
    assert page.locator(".toast-body").all_inner_texts() == []
    until(page, f"{VIDEO}.readyState >= 3")


def test_uploaded_speech_becomes_a_playing_video(page, tmp_path):
    write_wav(tmp_path / "speech.wav", voice(1.2), 16_000)
    page.set_input_files(SPEECH, tmp_path / "speech.wav")
    page.wait_for_selector("#speech [aria-label=Play]")
    before = page.get_attribute("#at-rest img", "src")
    choose(page, "#speaker", "sub002")
    until(page, f"document.querySelector('#at-rest img').getAttribute('src') !== '{before}'")
    page.click("#sampler label:has-text('fast')")
    generated(page)
    assert (video(page, "videoWidth"), video(page, "videoHeight")) == (256, 256)
    assert abs(video(page, "duration") - 1.2) < 0.05
    page.select_option("[data-speed]", "0.5")
    page.click("[data-play]")
    until(page, f"{VIDEO}.currentTime > 0.3")
    assert video(page, "playbackRate") == 0.5
    assert video(page, "webkitAudioDecodedByteCount") > 0
    assert page.text_content("[data-play]") == "Pause"
    page.click("[data-play]")
    until(page, f"{VIDEO}.paused")
    until(page, "document.querySelector('[data-play]').textContent === 'Play'")

    # The cursor stands where the sound of the picture is; a click in the picture goes there.
    width = page.evaluate("document.querySelector('.track').clientWidth")
    page.click(".track", position={"x": width / 2, "y": 30})
    until(page, f"Math.abs({VIDEO}.currentTime - 0.6) < 0.02")
    cursor = "parseFloat(document.querySelector('.cursor').style.left)"
    until(page, f"Math.abs({cursor} / {width} - 0.5) < 0.03")
    before = video(page, "currentTime")
    page.click("[data-step='1']")
    until(page, f"!{VIDEO}.seeking")
    assert 0.005 < video(page, "currentTime") - before < 0.035
    assert page.evaluate("document.querySelector('.track img').naturalWidth") == 240

    with page.expect_download() as download:
        page.click("#downloads a:has-text('KB') >> nth=0")
    assert download.value.suggested_filename == "frames_1.h5"
    assert download.value.path().stat().st_size > 60 * 16 * 16


def test_two_models_and_a_recording(page, server):
    second = next(name for name in server.actions.models if "/" in name)
    choose(page, "#second", second)
    page.click("#speech [aria-label='Record audio']")
    page.click("#speech button:has-text('Record'):visible")
    page.wait_for_timeout(1_500)
    page.click("#speech button:has-text('Stop'):visible >> nth=0")
    page.wait_for_selector("#speech [aria-label=Play]")
    generated(page)
    assert video(page, "videoWidth") == 2 * 256 + 2
    assert page.inner_text("#caption strong >> nth=0") == "tiny"
    assert page.inner_text("#caption strong >> nth=1") == second
    assert page.locator("#downloads a").count() == 7


@pytest.mark.parametrize(
    ("tab", "place", "button"),
    [("Video", "#speech", "#generate"), ("Two recordings", "#own", "#compare")],
)
def test_a_recording_that_the_server_does_not_have_yet_is_waited_for(page, tab, place, button):
    held = []

    def hold(route):
        held.append(route)

    page.route("**/upload", hold)
    page.get_by_role("tab", name=tab).click()
    page.click(f"{place} [aria-label='Record audio']")
    assert page.is_enabled(button)
    page.click(f"{place} button:has-text('Record'):visible")
    page.wait_for_timeout(500)
    with page.expect_request("**/upload"):
        page.click(f"{place} button:has-text('Stop'):visible >> nth=0")
    page.wait_for_selector(f"{place} [aria-label=Play]")
    assert page.is_disabled(button)
    held[0].continue_()
    until(page, f"!document.querySelector('{button}').disabled")


def test_the_sound_of_a_video(page, tmp_path):
    write_wav(tmp_path / "speech.wav", voice(0.6), 16_000)
    page.set_input_files(SPEECH, tmp_path / "speech.wav")
    generated(page)
    with page.expect_download() as download:
        page.click("#downloads a:has-text('KB') >> nth=-1")
    film = tmp_path / download.value.suggested_filename
    download.value.save_as(film)
    assert film.name == "video.mp4"
    page.reload()
    with page.expect_file_chooser() as chooser:
        page.click("#film")
    chooser.value.set_files(film)
    page.wait_for_selector("#speech [aria-label=Play]")
    generated(page)


UNNAMED = """() => [...document.querySelectorAll("button, input, select, textarea, a[href]")]
  .filter((one) => one.offsetParent || one.type === "file")
  .filter((one) => !(one.ariaLabel || one.title || one.innerText?.trim() || one.labels?.length))
  .map((one) => one.outerHTML)"""


def test_every_control_has_a_name_and_two_recordings_are_played_in_step(page, tmp_path):
    until(page, f"!({UNNAMED})().length")
    page.get_by_role("tab", name="Two recordings").click()
    for place, seconds in (("#target", 0.6), ("#own", 0.8)):
        write_wav(tmp_path / "speech.wav", voice(seconds), 16_000)
        page.set_input_files(f"{place} input[type=file]", tmp_path / "speech.wav")
        page.wait_for_selector(f"{place} [aria-label=Play]")
    page.click("#compare")
    page.wait_for_selector("#in-step video")
    until(page, "document.querySelector('#in-step video').videoWidth === 3 * 256 + 4")
    assert "differ most at" in page.inner_text("#found")
    until(page, f"!({UNNAMED})().length")


def test_live_video_with_its_delay(page):
    page.get_by_role("tab", name="Live").click()
    # Gradio's recorder works in two workers that start with the tab, sooner than people click.
    for _ in range(100):
        page.wait_for_timeout(100 if len(page.workers) < 2 else 10)
    assert len(page.workers) == 2
    page.click("#microphone button:has-text('Record'):visible")
    page.wait_for_selector("#live img")
    page.get_by_text("ms after it was said").wait_for()
    assert page.evaluate("document.querySelector('#live img').naturalWidth") == 16
    page.click("#microphone button:has-text('Stop'):visible")


def test_a_dark_page_has_a_dark_spectrogram(browser, server, tmp_path):
    page = browser.new_context(color_scheme="dark").new_page()
    page.set_default_timeout(STEP)
    page.goto(server.address)
    page.wait_for_selector(SPEECH, state="attached")
    write_wav(tmp_path / "speech.wav", voice(0.6), 16_000)
    page.set_input_files(SPEECH, tmp_path / "speech.wav")
    generated(page)
    picture = "getComputedStyle(document.querySelector('.track img'))"
    until(page, f"{picture}.filter.includes('invert')")
    page.emulate_media(color_scheme="light")
    page.reload()
    page.wait_for_selector(SPEECH, state="attached")
    assert page.evaluate(f"{picture}.filter") == "none"


def test_errors_are_shown_on_the_page(page, tmp_path):
    page.click("#generate")
    page.wait_for_selector(".toast-body:has-text('There is no speech yet')")
    page.click(".toast-body [aria-label=Close]")
    (tmp_path / "text.wav").write_text("hello")
    page.set_input_files(SPEECH, tmp_path / "text.wav")
    page.wait_for_timeout(1_000)
    page.click("#generate")
    page.wait_for_selector(".toast-body:has-text('not a media file')")
    assert not re.search("Traceback|/tmp", page.inner_text(".toast-body"))
    # Gradio's own player says on the console that it cannot show the waveform of a text.
    assert page.errors == ["Waveform load error: MediaError"]
    page.errors.clear()
