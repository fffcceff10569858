"""What the text between the tables of config/README.md says, where no other test looks at it."""

import re
import tomllib

import pytest
import yaml

from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from helpers.settings import change
from s2r.config.check import complete
from s2r.config.data_blocks import FolderBlock, SplitBlock
from s2r.config.documents import SCHEMA_FILE
from s2r.config.files import merge
from s2r.config.model_blocks import SamplerConfig
from s2r.config.parameters import gpus_wanted, recurrent_settings, run_settings
from s2r.config.presets import BLOCKS_OF_PRESET, PAPER_SAMPLER
from s2r.config.result_blocks import WordsBlock
from s2r.config.systems import SEED_MARK, SETS, Kind, recurrent_system, replicates
from s2r.config.tree import leaves
from s2r.corpus.folder import _about, compile_pattern
from s2r.corpus.phantom.stimuli import STIMULI
from s2r.corpus.usc75 import find_recordings, parse_stem
from s2r.evaluation.words.item_scores import PICTURES
from s2r.evaluation.words.scores import MODES, REAL_METRICS
from s2r.preparation.offsets import SURE

PAGE = ROOT / "config" / "README.md"
TABLE = re.compile(r"<!-- keys of (\w+) -->.*?<!-- end of keys -->", re.S)
TEXT = TABLE.sub("", PAGE.read_text())
"""The page without its tables, which are written from the keys."""
RULES = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))


def section(name: str) -> str:
    """The text of the section of a block."""
    return " ".join(re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", TEXT, re.S | re.M)[1].split())


def code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


SHARED, PAPER = BLOCKS_OF_PRESET["s2r"], BLOCKS_OF_PRESET["paper"]
WORDS = WordsBlock()
STATED = {
    "Configuration": [
        f"(`{SCHEMA_FILE}`)",
        f"`sub001/2drt/video/sub001_2drt_{STIMULI['topic1'].stem()}_video.mp4`",
    ],
    "seeds": [f"`results/runs/logmel{SEED_MARK}1`"],
    "recordings": [f"an estimate counts as sure from {SURE:g}"],
    "split": [
        f"`{SETS[0]}` is unseen stimuli of subjects that were trained on, `{SETS[1]}` trained "
        f"stimuli of held-out subjects, `{SETS[2]}` unseen stimuli of held-out subjects",
    ],
    "runs": [
        f"blocks: {code(*SHARED[:-1])} and `{SHARED[-1]}` for preset `s2r`, {code(*PAPER[:-1])} "
        f"and `{PAPER[-1]}` for preset `paper`",
    ],
    "recurrent": [f"The row is called `{recurrent_system('<encoder>')}`"],
    "words": [
        f"(`{WORDS.transcripts['bvt']}`)",
        f"(mode `{MODES[0]}`) and, where `words.singles` is not 0",
        f"the true frames before them given (`{MODES[1]}`)",
        f"the system `{Kind.REAL.value}` has the true ones",
        *(f"`{metric}`" for metric in (*PICTURES, *REAL_METRICS, "closure_correlation")),
    ],
}
"""By section: what it says, with the names and numbers of the program."""


@pytest.mark.parametrize(
    ("name", "statement"),
    [(name, statement) for name, statements in STATED.items() for statement in statements],
)
def test_it_states_the_names_and_numbers_of_the_program(name, statement):
    text = " ".join(TEXT.split("## ")[0].split()) if name == "Configuration" else section(name)
    assert statement in text


def test_settings_that_the_text_names_exist():
    known = {dotted for dotted, _ in leaves()}
    known |= {dotted.rpartition(".")[0] for dotted in known}
    blocks = {dotted.partition(".")[0] for dotted in known}
    named = set(re.findall(r"`([a-z_]+(?:\.[a-z_<>]+)+)[`:]", TEXT))
    named = {key for key in named if key.split(".")[0] in blocks and "md" not in key.split(".")}
    named = {key for key in named if key.split(".")[-1] not in {"csv", "png", "yaml"}}
    assert {"split.seed", "runs.<name>.seeds", "corpus.folder.pattern"} <= named
    assert named <= known


def test_results_that_the_text_names_are_outputs_of_rules():
    named = set(re.findall(r"`(?:snakemake --cores \d )?results/([^`\s@*]+)`", TEXT))
    assert {"segments.csv", "words.csv", "real_speech.csv", "rating"} <= named
    for name in named - {"runs/logmel"}:
        assert f'"<results>/{name}"' in RULES, name


def test_extras_that_the_text_installs_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = set(re.findall(r"-e \.\[(\w+)\]", TEXT))
    assert named == {"align"} <= extras["optional-dependencies"].keys()


def test_the_default_pattern_expects_one_folder_a_subject():
    expression = compile_pattern(FolderBlock().pattern)
    about = _about("anna/rainbow", expression)
    assert (about["subject"], about["stimulus"]) == ("anna", "rainbow")
    assert _about("deeper/anna/rainbow", expression) == {}


def test_of_a_recording_as_mp4_and_as_recon_the_mp4_is_read(tmp_path):
    (path,) = re.findall(r"`(sub001/2drt/video/\S+\.mp4)`", TEXT)
    video = tmp_path / path
    stem = video.name.removesuffix("_video.mp4")
    recon = tmp_path / "sub001" / "2drt" / "recon" / f"{stem}_recon.h5"
    for file in (video, recon):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (entry,) = find_recordings(tmp_path)
    assert (entry["video"], entry["problem"]) == (video, "")
    assert parse_stem(stem)["stimulus"] == "topic1"


def test_the_download_goes_to_the_corpus_of_kind_usc75_else_to_data_usc75():
    """And its rule has no output, so nothing else can start it."""
    rule = (ROOT / "workflow" / "rules" / "download.smk").read_text()
    assert 'folder=CORPUS if USC75 else "data/usc75",' in rule
    assert "output:" not in rule


def test_gpus_have_no_effect_without_a_gpu():
    assert gpus_wanted("cpu") == 0
    assert "gpu=GPU * config" in (ROOT / "workflow" / "rules" / "train.smk").read_text()
    script = (ROOT / "workflow" / "scripts" / "train.py").read_text()
    assert 'processes=snakemake.config["gpus"] if device == "cuda" else 1,' in script


def test_what_a_run_says_itself_wins(default_config):
    (example,) = (
        yaml.safe_load(block) for block in fenced_blocks(PAGE, "yaml") if block.startswith("runs:")
    )
    (encoder,) = (
        yaml.safe_load(block)
        for block in fenced_blocks(PAGE, "yaml")
        if block.startswith("encoders:")
    )
    merge(default_config, encoder)
    merge(default_config, example)
    config = complete(default_config)
    shared, own = config["mean"], run_settings(config, "hubert-base-long")["mean"]
    assert own == shared | {"clips": 40_000} and own != shared


def test_a_seed_added_to_the_end_leaves_the_places_of_the_others(default_config):
    places = [
        list(replicates(complete(change(default_config, {"seeds": seeds}))))
        for seeds in ([0], [0, 1], [0, 1, 2])
    ]
    assert set(places[0]) < set(places[1]) < set(places[2])
    assert {"logmel", f"logmel{SEED_MARK}1", f"logmel{SEED_MARK}2"} <= set(places[2])


def test_seeds_are_none_of_the_settings_of_a_recurrent_regression_or_of_codes(default_config):
    config = complete(default_config)
    assert "seeds" not in recurrent_settings(config)
    assert not {key for key in config["autoencoder"] if "seed" in key}
    assert len(config["seeds"]) == 1 and "The default has one seed" in section("seeds")


def test_only_the_rule_split_reads_the_settings_of_the_split():
    """So a setting of the split starts from the split, and what comes before it stays."""
    readers = {
        path.name
        for path in (ROOT / "workflow" / "rules").glob("*.smk")
        if 'config["split"]' in path.read_text()
    }
    assert readers == {"split.smk"}
    assert SplitBlock().unseen_subjects > 0


def test_the_lists_of_vcvs_have_no_text_by_default():
    without = [name for name in WORDS.stimuli if name not in WORDS.transcripts]
    assert without == ["vcv1", "vcv2", "vcv3"]
    assert "The VCV lists have no default" in section("words")


def test_guidance_of_1_is_the_default_and_ten_steps_belong_to_preset_paper():
    assert "Guidance of 1 is the default" in section("paper_compat")
    assert "ten sampler steps belong to the preset `paper`" in section("paper_compat")
    assert (SamplerConfig().guidance_scale, PAPER_SAMPLER["steps"]) == (1, 10)
    assert "guidance_scale" not in PAPER_SAMPLER
