"""The studio's page in a real browser: Debian's Chromium, without a window."""

import re
import shutil

import pytest
from studio_server import served
from test_speech_to_video import voice

from s2r.media import write_wav

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install -e '.[browser]'"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

OPTIONS = [
    "--no-sandbox",  # containers give their root no namespaces
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
ENDED = "#made:not([hidden]), #fault:not([hidden])"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("models")) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, server):
    """The page in a window of its own; afterwards nothing may have been wrong with it."""
    page = browser.new_page()
    page.set_default_timeout(30_000)
    faults, asked = [], []
    page.on("console", lambda line: faults.append(line.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.address)
    page.wait_for_selector(".speaker")
    yield page
    page.close()
    assert not faults
    foreign = [url for url in asked if not url.startswith((server.address, "blob:", "data:"))]
    assert asked
    assert not foreign


def video(page, value):
    return page.evaluate(f"document.getElementById('video').{value}")


def until(page, condition):
    """Wait until a JavaScript expression holds. The page's policy forbids Playwright's own way."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def test_uploaded_speech_becomes_a_playing_video(page, tmp_path):
    write_wav(tmp_path / "speech.wav", voice(1.2), 16_000)
    page.set_input_files("#sound", tmp_path / "speech.wav")
    page.click(".speaker:nth-child(2)")
    page.select_option("#preset", "fast")
    page.click("#generate")
    page.wait_for_selector(ENDED)
    until(page, "document.getElementById('video').readyState >= 3")
    assert (video(page, "videoWidth"), video(page, "videoHeight")) == (256, 256)
    assert abs(video(page, "duration") - 1.2) < 0.05
    page.select_option("#speed", "0.5")
    page.click("#play")
    until(page, "document.getElementById('video').currentTime > 0.3")
    assert video(page, "playbackRate") == 0.5
    assert video(page, "webkitAudioDecodedByteCount") > 0
    page.click("#play")
    until(page, "document.getElementById('video').paused")
    assert page.text_content("#play") == "Play"

    # The cursor stands where the sound of the picture is; a click in the picture goes there.
    width = page.evaluate("document.getElementById('track').clientWidth")
    page.click("#track", position={"x": width / 2, "y": 30})
    until(page, "Math.abs(document.getElementById('video').currentTime - 0.6) < 0.02")
    cursor = "parseFloat(document.getElementById('cursor').style.left)"
    until(page, f"Math.abs({cursor} / {width} - 0.5) < 0.03")
    before = video(page, "currentTime")
    page.click("#forth")
    until(page, "!document.getElementById('video').seeking")
    assert 0.005 < video(page, "currentTime") - before < 0.035
    assert page.evaluate("document.getElementById('picture-of-sound').naturalWidth") == 240

    with page.expect_download() as download:
        page.click("text=frames (HDF5)")
    assert download.value.path().stat().st_size > 60 * 16 * 16


def test_two_models_and_a_recording(page, server):
    second = next(name for name in server.cards if "/" in name)
    page.select_option("#second", second)
    page.click("#record")
    until(page, "document.getElementById('record').textContent.includes('1 s')")
    page.click("#record")
    page.wait_for_selector("#heard:not([hidden])")
    assert page.text_content("#sound-name").startswith("recording.")
    page.click("#generate")
    page.wait_for_selector(ENDED)
    until(page, "document.getElementById('video').readyState >= 3")
    assert video(page, "videoWidth") == 2 * 256 + 2
    assert page.locator("#titles span").all_text_contents() == ["tiny", second]
    assert page.locator("#downloads a").count() == 5


def test_faults_are_told_on_the_page(page, tmp_path):
    page.click("#generate")
    assert "There is no speech yet" in page.text_content("#fault")
    (tmp_path / "text.wav").write_text("hello")
    page.set_input_files("#sound", tmp_path / "text.wav")
    page.click("#generate")
    until(page, "document.getElementById('fault').textContent.includes('not a media file')")
    assert page.is_visible("#fault")
    assert not re.search("Traceback|/tmp", page.inner_text("#fault"))
    page.wait_for_selector("#generate:enabled")
