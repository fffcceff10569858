"""The page of the rating study in a real browser: a small session from code to thanks."""

import numpy as np
import pytest

from helpers.chromium import STEP, needs_chromium, running_browser
from helpers.rating_folder import write_rating_folder
from helpers.rating_server import served_study
from helpers.waiting import wait_until
from s2r.apps.rating.answers import read_answers
from s2r.apps.rating.manifest import read_manifest
from s2r.core.media.encode import write_video

pytestmark = needs_chromium


@pytest.fixture
def study(tmp_path):
    """A server with four short films to rate and two examples; its address and answers."""
    folder = write_rating_folder(tmp_path / "rating", words=("bat", "boat"), items=1)
    rng = np.random.default_rng(0)
    for name in read_manifest(folder)["clip"]:
        frames = rng.integers(0, 256, (15, 64, 64)).astype(np.uint8)
        write_video(folder / "clips" / name, frames, 50, rng.normal(0, 0.01, 4800), 16_000)
    with served_study(folder, tmp_path / "answers.sqlite") as server:
        yield server


@pytest.fixture
def browser():
    with running_browser() as found:
        yield found


def open_page(browser, address, errors):
    """A page of a browser that remembers nothing, with its faults and foreign requests noted."""
    page = browser.new_context().new_page()
    page.set_default_timeout(STEP)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    foreign = ("http://", "https://", "ws")
    page.on(
        "request",
        lambda request: (
            errors.append(request.url)
            if request.url.startswith(foreign) and not request.url.startswith(address)
            else None
        ),
    )
    page.goto(address)
    return page


def enter(page, code):
    page.get_by_label("Your code").fill(code)
    page.get_by_role("button", name="Start").click()


def rate_one(page, number, answer, naturalness):
    """Answer the clip that is shown; the buttons must wait for its end."""
    page.get_by_role("heading", name=f"Video {number} of 4").wait_for()
    page.get_by_role("button", name=answer, exact=True).click()
    rate_naturalness(page, naturalness)


def rate_naturalness(page, naturalness):
    page.get_by_role("group", name="How natural").get_by_text(str(naturalness)).click()
    page.get_by_role("button", name="Submit").click()


def test_a_session_with_a_break(study, browser, tmp_path):
    errors = []
    page = open_page(browser, study.address, errors)
    enter(page, "not a code!")
    page.get_by_role("alert").get_by_text("1 to 32 letters").wait_for()
    errors.clear()  # the refused request is on the console
    enter(page, "Anna")
    for number in (1, 2):
        page.get_by_role("heading", name=f"Example {number} of 2").wait_for()
        assert page.get_by_text("This is a real recording.").is_visible()
        page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Video 1 of 4").wait_for()
    assert page.get_by_role("button", name="Real", exact=True).is_disabled()
    assert not page.get_by_text("This is a real recording.").is_visible()
    rate_one(page, 1, "Real", 5)
    page.get_by_role("heading", name="Video 2 of 4").wait_for()
    # Not wait_for_function: a page that loads slowly would have to evaluate its text, which the
    # policy of the server forbids.
    wait_until(lambda: page.evaluate("document.querySelector('video').videoWidth") == 64)
    page.context.close()
    # As a server that stopped between the two answers leaves it.
    second = study.store.session("anna")["clips"][1]["clip"]
    study.store.answer("anna", second, "synthesised")

    page = open_page(browser, study.address, errors)
    enter(page, "anna")
    page.get_by_role("heading", name="Video 2 of 4").wait_for()
    rate_naturalness(page, 2)
    # By keys: the answer can be changed until it is submitted.
    page.get_by_role("heading", name="Video 3 of 4").wait_for()
    page.keyboard.press("4")  # the video is not over: nothing happens
    wait_until(page.get_by_role("button", name="Real", exact=True).is_enabled)
    for key in ("ArrowLeft", "ArrowRight", "5", "1", "s"):
        page.keyboard.press(key)
    page.get_by_role("heading", name="Video 4 of 4").wait_for()
    wait_until(page.get_by_role("button", name="Real", exact=True).is_enabled)
    page.keyboard.press("r")
    wait_until(lambda: not page.evaluate("document.querySelector('video').ended"))
    rate_one(page, 4, "Real", 4)
    page.get_by_label("boat").fill("too fast")
    page.get_by_role("button", name="Finish").click()
    page.get_by_text("All your answers are stored.").wait_for()
    assert errors == []

    rows, comments, _ = read_answers(study.store.path)
    assert rows["answer"].tolist() == ["real", "synthesised", "synthesised", "real"]
    assert rows["naturalness"].tolist() == [5, 2, 1, 4]
    assert rows["block"].tolist() == [1, 1, 2, 2]
    assert comments.to_dict("records") == [{"rater": "Anna", "word": "boat", "comment": "too fast"}]


def test_two_raters_and_a_server_that_stops(study, browser):
    pages = [open_page(browser, study.address, []) for _ in range(2)]
    for page, code in zip(pages, ("anna", "bert"), strict=True):
        enter(page, code)
        for _ in range(2):
            page.get_by_role("button", name="Next").click()
    for page in pages:
        rate_one(page, 1, "Real", 3)
    wait_until(lambda: study.store.counts() == (2, 2))
    page = pages[0]
    page.get_by_role("button", name="Real", exact=True).click(trial=True)
    study.shutdown()
    study.server_close()
    page.get_by_role("button", name="Real", exact=True).click()
    rate_naturalness(page, 4)
    page.get_by_role("alert").get_by_text("nothing was stored").wait_for()
    assert page.get_by_role("button", name="Real", exact=True).is_enabled()
    assert study.store.counts() == (2, 2)
