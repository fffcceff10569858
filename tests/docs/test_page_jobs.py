"""docs/jobs.md: scripts, logs, the lock, states of trainings, seeds, and what is run again."""

import ast
import re
import subprocess
import sys

import pytest
import torch
import yaml

from helpers.pages import fenced_blocks
from helpers.repository import ROOT
from s2r.config.schedule import Schedule
from s2r.core import files, job
from s2r.core.processes import RUN_VARIABLE
from s2r.training import checkpoints, loop

PAGE = ROOT / "docs" / "jobs.md"
TEXT = " ".join(PAGE.read_text().split())
WORKFLOW = ROOT / "workflow"
SCRIPTS = sorted((WORKFLOW / "scripts").glob("*.py"))
COMMON = (WORKFLOW / "rules" / "common.smk").read_text()


def rules() -> dict[str, str]:
    """The text of every rule, by its name."""
    found = {}
    for path in (WORKFLOW / "rules").glob("*.smk"):
        head = r"^ *(?:use rule \w+ as|rule|checkpoint) (\w+)"
        _, *parts = re.split(head, path.read_text(), flags=re.M)
        found |= dict(zip(parts[::2], parts[1::2], strict=True))
    return found


RULES = rules()


def section(rule: str, name: str) -> str:
    """A section of a rule, such as ``output``; "" where it has none."""
    found = re.search(rf"^( +){name}:(.*?)(?=^\1\w+:|\Z)", RULES[rule], re.S | re.M)
    return found[2] if found else ""


def test_files_and_names_that_the_page_mentions_are_there():
    for path in re.findall(r"`((?:core|corpus|config)/\w+\.py)`", TEXT):
        assert (ROOT / "src" / "s2r" / path).is_file(), path
    names = re.findall(r"`([A-Z]+_?[A-Z]+)`", TEXT)
    assert {"RUN_SEEDS", "RECURRENT_SEEDS", "REPLICATES"} <= set(names)
    for name in set(names) - {"RULE"}:
        assert re.search(rf"^{name} = ", COMMON, re.M), name


def test_the_script_of_the_example_is_one_of_the_workflow():
    (block,) = fenced_blocks(PAGE, "python")
    script = (WORKFLOW / "scripts" / "tables.py").read_text()
    shown, own = (
        {(node.module, one.name) for node in ast.walk(ast.parse(text)) for one in names_of(node)}
        for text in (block, script)
    )
    assert shown <= own
    assert "write_tables(" in script.split("with job(snakemake):")[1]


def names_of(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, ast.ImportFrom) else []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_does_everything_inside_the_block(path):
    """Beside it are imports alone, and the guard of a script that starts processes."""
    tree = ast.parse(path.read_text())
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.With)]
    calls = [ast.unparse(item.context_expr) for node in blocks for item in node.items]
    assert any(call.startswith("job(snakemake") for call in calls)
    alone = (ast.Expr, ast.Import, ast.ImportFrom, ast.With, ast.If)
    assert all(isinstance(node, alone) for node in tree.body)


def test_the_log_of_every_rule_is_in_the_folder_of_logs():
    paths = re.search(r"^pathvars:\n((?: .*\n)+)", (WORKFLOW / "Snakefile").read_text(), re.M)[1]
    assert 'logs="<results>/logs"' in paths
    for name in set(RULES) - {"generate_without_mean"}:
        assert section(name, "log").strip().startswith('"<logs>/'), name


def test_the_numbers_and_names_are_those_of_the_program():
    assert f"A progress bar becomes a line every {job.BAR_SECONDS:g} s." in TEXT
    assert f"hidden folders that end in `{files.PARTIAL}`" in TEXT
    assert {2: "keeps the last two"}[checkpoints.STATES_KEPT] in TEXT


def test_a_job_on_a_cluster_does_not_end_with_the_process_that_sent_it(snakemake):
    """Its environment has the number of a process of another machine, which is not there."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    target = ("--cores", "1", "results/table2.csv")
    process = snakemake(*target, environment={RUN_VARIABLE: str(ended.pid)})
    assert "[table2] Error: nobody has rated yet" in process.stdout


@pytest.mark.parametrize("call", [("-n",), ("--unlock",), ("--report", "report.html")])
def test_calls_without_jobs_take_no_lock(snakemake, tmp_path, call):
    assert "`-n`, `--report` and `--unlock` do not take it." in TEXT
    snakemake(*call, "results/table2.csv")
    assert (tmp_path / ".snakemake").is_dir()
    assert not (tmp_path / ".snakemake" / "run.lock").exists()
    assert 'hold_folder(".snakemake/run.lock")' in COMMON.split("onstart:")[1]


@pytest.mark.parametrize(("checkpoint_clips", "saved"), [(None, [40, 80, 96]), (32, [32, 64, 96])])
def test_checkpoints_come_with_validations_or_after_so_many_clips(
    tmp_path, monkeypatch, checkpoint_clips, saved
):
    seen = []
    monkeypatch.setattr(loop, "save_state", lambda folder, clips, state: seen.append(clips))
    model = torch.nn.Linear(2, 1)
    schedule = Schedule(clips=96, batch=8, warmup_clips=8, validate_clips=40)
    loop.run_training(
        lambda clips: model(torch.ones(2)).square().sum(),
        model,
        torch.optim.SGD(model.parameters(), 0.01),
        schedule,
        tmp_path,
        checkpoint_clips=checkpoint_clips,
    )
    assert seen == saved


def test_only_runs_of_preset_paper_have_a_distance_of_checkpoints(default_config):
    assert "a run of preset `paper` every `training.checkpoint_clips` clips" in TEXT
    blocks = {name for name, block in default_config.items() if isinstance(block, dict)}
    assert {name for name in blocks if "checkpoint_clips" in default_config[name]} == {"training"}
    validated = {name for name in blocks if "validate_clips" in default_config[name]}
    assert validated == {"training", "mean", "residual", "recurrent"}
    assert "The articulation codes have no checkpoint." in TEXT
    assert "state" not in RULES["autoencoder"]
    calls = (ROOT / "src/s2r/training/window_model.py").read_text()
    assert "checkpoint_clips=training.checkpoint_clips" in calls


@pytest.mark.parametrize("rule", ["train", "train_recurrent"])
def test_a_state_is_no_output_and_is_deleted_when_its_training_is_complete(rule):
    assert "state" not in section(rule, "output")
    assert 'state="state/' in section(rule, "params")
    (block,) = (
        node
        for node in ast.parse((WORKFLOW / "scripts" / f"{rule}.py").read_text()).body
        if isinstance(node, ast.With)
    )
    last = ast.unparse(block.body[-1])
    assert last.startswith("shutil.rmtree(state")


def test_a_state_belongs_to_settings_seed_data_and_split(tmp_path):
    shard, split = tmp_path / "00.h5", tmp_path / "split.csv"

    def name(index="index", sets="sets", **settings) -> str:
        shard.with_suffix(".json").write_text(index)
        split.write_text(sets)
        return checkpoints.state_folder(tmp_path, settings, [shard], [split]).name

    changes = [{"seed": 1}, {"hidden": 8}, {"index": "other"}, {"sets": "other"}]
    names = {name(**({"seed": 0, "hidden": 4} | change)) for change in [{}, *changes]}
    assert len(names) == 5
    assert name(seed=0, hidden=4) in names
    for script in ("train", "train_recurrent"):
        assert '{"seed": ' in (WORKFLOW / "scripts" / f"{script}.py").read_text()


def test_only_tables_and_differences_read_the_scores_of_further_seeds():
    assert "Only `tables` and `differences` read these scores" in TEXT
    direct = {name for name in RULES if "REPLICATES)" in section(name, "input")}
    assert direct == {"tables"}
    again = {name for name in RULES if "rules.tables.input.scores" in section(name, "input")}
    assert again == {"differences"}


def test_what_reads_their_tables_is_named():
    reads = r"rules\.(?:tables|differences)\.output"
    readers = {name for name in RULES if re.search(reads, section(name, "input"))}
    assert f"what reads their tables ({', '.join(f'`{name}`' for name in sorted(readers))})" in TEXT


def test_code_counts_in_the_rules_that_are_named():
    code = {
        name: found[1]
        for name in RULES
        if (found := re.search(r"^ +code=(\w+)", section(name, "params"), re.M))
    }
    tables = [name for name, of in code.items() if of == "TABLES_CODE"]
    assert sorted(tables) == ["articulators", "differences", "tables"]
    assert "`tables`, `differences` and `articulators` have that of `s2r.report`" in TEXT
    others = {name for name, of in code.items() if of not in ("TABLES_CODE", "SCORES_CODE")}
    assert others == {"phantom"}
    assert "Rule `phantom` has that of `s2r.corpus.phantom`" in TEXT
    assert 'code_version("corpus/phantom"' in section("phantom", "params")
    assert COMMON.count("extensions=METRICS") == 2


def test_dates_alone_decide_little():
    profile = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text())
    assert set(profile["rerun-triggers"]) == {"mtime", "input", "params"}
    assert "its inputs or parameters have changed (`rerun-triggers` in `profiles/default`)" in TEXT
    assert profile["nolock"] is True


def test_the_index_is_a_checkpoint_that_recordings_completes():
    assert re.search(r"^checkpoint index:", (WORKFLOW / "rules/index.smk").read_text(), re.M)
    assert '"<results>/index.csv"' in section("index", "output")
    assert "shards=" in section("index", "output")
    assert {"index=", "frames="} <= set(re.findall(r"\w+=", section("recordings", "input")))
    assert "rules.recordings.output.recordings" in section("split", "input")


def test_the_breakpoint_of_the_example_is_a_line_that_runs():
    (name, line), *_ = re.findall(r"break (workflow/scripts/\w+\.py):(\d+)", PAGE.read_text())
    code = compile((ROOT / name).read_text(), name, "exec")
    assert int(line) in {number for _, _, number in code.co_lines() if number}
