"""What docs/security.md says of formats, numbers, files on the hub, names and connections."""

import ast
import re
import resource
import stat
from types import SimpleNamespace

import pytest
from PIL import Image

from helpers.rating_folder import write_rating_folder
from helpers.repository import ROOT
from helpers.signed_folder import sign
from helpers.tiny_model import write_tiny_model
from s2r.apps.local_server import MOST_CONNECTIONS, most_connections
from s2r.apps.rating import server as rating
from s2r.cli import main
from s2r.config import systems
from s2r.config.check import complete
from s2r.core.errors import UserError
from s2r.core.media.open import FORMATS
from s2r.evaluation.metrics import i3d_weights
from s2r.generation import hub
from s2r.generation.folder_content import CONFIG, read_content
from s2r.generation.hub import find_model
from s2r.preparation.reference import PICTURE_FORMATS, NoPictureError, read_pages
from s2r.speech.whisper import WHISPER_TINY_EN

PAGE = " ".join((ROOT / "docs/security.md").read_text().split())
NUMBERS = {3: "three", 5: "five", 7: "seven"}


def test_pictures_have_one_of_seven_formats():
    assert f"Pillow, {NUMBERS[len(PICTURE_FORMATS)]} formats, whatever the file name" in PAGE


@pytest.mark.parametrize("name", ["rest.eps", "rest.png", "rest.jpg"])
def test_pictures_for_which_pillow_starts_programs_are_not_read(name, tmp_path):
    Image.new("L", (64, 64), 99).save(tmp_path / name, "EPS")
    with pytest.raises(NoPictureError, match="not a readable picture"):
        read_pages(tmp_path / name)


def test_no_playlist_is_among_the_containers():
    playlists = {
        "hls",
        "applehttp",
        "concat",
        "concatf",
        "dash",
        "imf",
        "sdp",
        "rtsp",
        "ffmetadata",
    }
    assert not playlists & set(FORMATS.split(","))
    assert "`FORMATS` in `src/s2r/core/media/open.py`" in PAGE


def test_the_pickle_of_i3d_may_name_as_many_things_as_are_stated():
    assert f"only {NUMBERS[len(i3d_weights._ArrayUnpickler.allowed)]} names are permitted" in PAGE


def test_the_weights_of_whisper_have_a_known_name_and_checksum():
    assert WHISPER_TINY_EN.file_name == hub.WHISPER
    for checksum in (WHISPER_TINY_EN.member_sha256, WHISPER_TINY_EN.archive_sha256):
        assert re.fullmatch("[0-9a-f]{64}", checksum)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A model folder as a repository of the hub; the names of the files that are asked for."""
    folder = write_tiny_model(tmp_path / "tiny")
    asked: list[str] = []

    def file(name, path, revision):
        asked.append(path)
        return folder / path

    monkeypatch.setattr(hub, "_file", file)
    monkeypatch.chdir(tmp_path)
    return folder, asked


def test_of_a_repository_config_is_read_first_and_then_what_it_lists(repository):
    folder, asked = repository
    (folder / "notes.txt").touch()
    assert find_model("owner/voice").folder == folder
    assert asked[0] == CONFIG
    assert asked[1:] == [*read_content(folder).files]
    assert "notes.txt" not in asked


@pytest.mark.parametrize("name", ["model.py", "weights.pkl", "encoder/pytorch_model.bin"])
def test_of_a_repository_with_code_or_a_pickle_nothing_else_is_read(repository, name):
    folder, asked = repository
    sign(folder, lambda content: content["files"].update({name: "0" * 64}))
    with pytest.raises(UserError, match=f"lists the file {re.escape(name)}"):
        find_model("owner/voice")
    assert asked == [CONFIG]


def source(path: str) -> dict[str, object]:
    """The constants of a module of tests, without importing it."""
    found = {}
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.Assign):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def surveyed(path: str) -> list[tuple[int, int]]:
    """Numbers of the first and last damaged file of every survey in a module of tests."""
    text = (ROOT / path).read_text()
    found = re.findall(r"survey\(WORKER, .*?, (\d+), (\d+), PATIENCE\)", text)
    return [(int(first), int(end)) for first, end in found]


def test_damaged_media_files_are_as_many_as_stated():
    path = "tests/core/test_fuzz.py"
    (first, usual), (begin, slow) = surveyed(path)
    assert f"{usual - first} changed files are in every test run" in PAGE
    assert begin == usual  # others
    assert f"{slow - begin:,} others in `pytest {path} -m slow`" in PAGE
    became, decoding, rows = (
        int(found.replace(",", ""))
        for found in re.search(
            r"([\d,]+) became frames, (\d+) were .*?, and (\d+) were", PAGE
        ).groups()
    )
    assert became + decoding + rows == slow - begin
    assert f"at most {source(path)['MEGABYTES']} MB more" in PAGE


def test_damaged_data_files_are_as_many_as_stated():
    path = "tests/core/test_data_fuzz.py"
    (first, usual), (begin, slow) = surveyed(path)
    constants = source(path)
    assert f"{usual - first} changed files are in every test run" in PAGE
    kinds = NUMBERS[len(constants["KINDS"])]
    assert f"{slow - begin:,} of each of the {kinds} kinds in `pytest {path} -m slow`" in PAGE
    assert f"in less than {constants['MEGABYTES']} MB" in PAGE


def test_names_in_a_command_line_are_of_the_characters_that_are_stated(default_config):
    default_config["seeds"] = [0, 1]
    config = complete(default_config)
    names = [*systems.replicates(config), *config["encoders"], *systems.BASELINES]
    assert any("@" in name for name in names)
    assert all(re.fullmatch(r"[A-Za-z0-9._@-]+", name) for name in names)
    assert "(letters, digits, dots, dashes, underscores, and `@` before a seed)" in PAGE
    rule = (ROOT / "workflow/rules/speech_video.smk").read_text()
    allowed = re.search(r'name=r"(.*)"', rule)[1]
    for name in ("a.b-c_d", "my voice", "a+b", "Ä1"):
        assert re.fullmatch(allowed, name)
    for name in ("a;b", "$a", "a'b", 'a"b', "a/b", "a@b", "-a", "a\nb", "a&b", "`a`"):
        assert not re.fullmatch(allowed, name)


@pytest.mark.parametrize(
    ("files", "most"),
    [(100, 50), (4096, MOST_CONNECTIONS), (resource.RLIM_INFINITY, MOST_CONNECTIONS)],
)
def test_connections_are_bounded_by_half_of_the_files(files, most, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert most_connections() == most
    fair = pytest.importorskip("s2r.apps.studio.fair_server")
    assert fair.FairServer(fair.uvicorn.Config(None)).most == most // 2


def test_the_key_of_the_progress_is_random_and_on_the_terminal(tmp_path, monkeypatch, capsys):
    shown = []

    def stopped(server):
        shown.append(server)

    monkeypatch.setattr(rating.RatingServer, "serve_until_stopped", stopped)
    folder = write_rating_folder(tmp_path / "rating")
    for _ in range(2):
        assert main(["rate", str(folder), "--port", "0"]) == 0
        assert shown[-1].progress_address in capsys.readouterr().out
    assert shown[0].key != shown[1].key


def test_the_rating_page_makes_no_html_of_texts():
    script = (ROOT / "src/s2r/apps/rating/page.js").read_text()
    assert "textContent" in script
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", script)


def test_processes_of_a_training_meet_in_a_private_folder(monkeypatch):
    launch = pytest.importorskip("s2r.training.launch")
    modes = []

    def started(command, processes, folder):
        modes.append(stat.S_IMODE(folder.parent.stat().st_mode))

    monkeypatch.setattr(launch, "launch", started)
    monkeypatch.setattr(launch, "asdict", lambda job: {})
    launch.train_run(SimpleNamespace(processes=2, device="cpu"))
    assert modes == [0o700]
