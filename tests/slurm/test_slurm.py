"""The tiny phantom's table on a real SLURM, through profiles/slurm: what clusters do to jobs.

Jobs get GPUs of which only the number is real, and compute on one core.
"""

import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml

from helpers.calls import clips_seen, finish, start, watched_training
from helpers.repository import ROOT
from helpers.slurm_cluster import Cluster, running_cluster, why_not

REASON = why_not()

pytestmark = [pytest.mark.slurm, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

# What a site fills in, and short waits.
SITE = ["--slurm-partition-config", "profiles/slurm/partitions.yaml", "--slurm-no-account"]
SITE += ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"]
SITE += ["--latency-wait", "10"]

CLIPS, CHECKPOINT, HELD, STEP = 64, 32, 48, 4
SCHEDULE = {
    "clips": CLIPS,
    "batch": STEP,
    "warmup_clips": 16,
    "validate_clips": CHECKPOINT,
}
TINY = {
    "corpus": {"phantom": {"profile": "tiny"}},
    "recordings": {"shards": 2},
    "split": {"unseen_subjects": 1, "unseen_stimuli": ["topic1"], "validation_stimuli": []},
    "frames": {"size": 32},
    "autoencoder": {"codes": 8},
    "mean": {"hidden": 8, "dilations": [1, 2], "segment": 50, "fold_share": 1.0} | SCHEDULE,
    "residual": {"hidden": 8, "dilations": [1, 2], "segment": 50} | SCHEDULE,
    "encoders": {"whisper-tiny.en": None},
    "runs": {"whisper-tiny.en": None, "whisper-tiny.en-pooled": None},
    "recurrent": {"encoders": ["logmel"], "clips": 32, "validate_clips": 16},
    "sampler": {"steps": 2},
    "evaluation": {"draws": 2, "clips": 2, "recordings": 1, "resamples": 100, "agreement_steps": 4},
}
RUN = {"encoder": "logmel", "pooling": False, "preset": "s2r"}

LONGEST = 900
"""s that a call may take."""

GPU_RULES = {"embed", "train", "train_recurrent", "generate", "generate_gaussian"}
GPU_RULES |= {"generate_recurrent", "autoencoder"}
GPU_RULES |= {"real_features", "score"}

ON_ONE_CORE = """\
import os
with open("ran.txt", "a") as file:
    print(snakemake.rule, " ".join(snakemake.wildcards), os.environ["SLURM_JOB_PARTITION"],
          os.environ.get("CUDA_VISIBLE_DEVICES", ""), sep=",", file=file)
snakemake.config["device"] = "cpu"
# The cores that jobs are given are not there: more threads than real cores would only wait.
snakemake.threads, os.environ["OMP_NUM_THREADS"] = 1, "1"
"""


class Project:
    """A copy of the project, as a user has it on the disk that all nodes share."""

    def __init__(self, folder: Path, cluster: Cluster, i3d: str):
        self.folder, self.cluster, self.i3d = folder, cluster, i3d

    def start(self, targets: list[str], *arguments: str, runs: list[str] | None = None):
        """snakemake, running; with these runs beside logmel."""
        config = TINY | {"runs": TINY["runs"] | dict.fromkeys(runs or [], RUN)}
        config["evaluation"] = TINY["evaluation"] | {"i3d": self.i3d}
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(config))
        options = ["--profile", "profiles/slurm", "--configfile", "tiny.yaml", *SITE]
        return start(
            self.folder, *targets, *options, *arguments, environment=self.cluster.environment
        )

    def copy(self, folder: Path) -> "Project":
        """The same project elsewhere, with phantom, frames and embeddings, and nothing trained."""
        later = shutil.ignore_patterns(
            "runs", "generated", "scores", "table1*", "attempts", "locks"
        )
        shutil.copytree(self.folder, folder, ignore=later)
        (folder / "ran.txt").unlink()
        return Project(folder, self.cluster, self.i3d)

    def clips_seen(self, run: str) -> list[list[int]]:
        """Clips seen before each step, a list for each attempt of a run's training."""
        return clips_seen(self.folder, run)

    def jobs(self) -> list[dict[str, str]]:
        """The cluster's jobs of this project."""
        return [job for job in self.cluster.jobs() if job["WorkDir"] == str(self.folder)]

    def training_jobs(self, run: str) -> list[dict[str, str]]:
        """The jobs that trained a run, first to last."""
        wanted = f"rule_train_wildcards_{run}"
        return [job for job in self.jobs() if job.get("Comment") == wanted]


RESUMED = [
    list(range(0, HELD + 1, STEP)),
    # the mean, then the networks of two folds and the denoiser
    [*range(CHECKPOINT, CLIPS, STEP), *3 * list(range(0, CLIPS, STEP))],
]


def wait_for(ready, process: subprocess.Popen, seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            pytest.fail(f"what was waited for did not come: {process.communicate()[0][-3000:]}")
        time.sleep(0.5)


def make_project(folder: Path, cluster: Cluster, i3d: str) -> Project:
    for name in ("workflow", "profiles", "config"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "Snakefile", folder)
    for script in (folder / "workflow" / "scripts").glob("*.py"):
        text = script.read_text()
        if script.stem == "train":
            text = watched_training(HELD) + text
        # Phantom imports its script again in other processes.
        script.write_text(text if script.stem == "phantom" else ON_ONE_CORE + text)
    return Project(folder, cluster, i3d)


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="pip install -e .[slurm]")
    with running_cluster() as running:
        yield running


@pytest.fixture(scope="module")
def table(cluster, i3d, tmp_path_factory):
    """The project after its whole table was made on the cluster."""
    project = make_project(tmp_path_factory.mktemp("table") / "project", cluster, i3d)
    process = project.start(["results/table1.csv"], "--jobs", "4")
    finish(process, seconds=LONGEST)
    return project


def test_the_whole_table_each_stage_where_it_belongs(table):
    rows = pd.read_csv(table.folder / "results" / "table1.csv").set_index("system")
    assert rows.loc["logmel", ["fvd_unseen_both", "ssim_unseen_both"]].notna().all()
    assert {"mean-logmel", "recurrent-logmel", "mean_frame"} <= set(rows.index)
    columns = ["rule", "wildcards", "partition", "gpus"]
    ran = pd.read_csv(table.folder / "ran.txt", names=columns, dtype=str, keep_default_na=False)
    assert Counter(ran["rule"])["frames"] == Counter(ran["rule"])["embed"] == 2
    on_gpu = ran["rule"].isin(GPU_RULES)
    assert set(ran.loc[on_gpu, "rule"]) == GPU_RULES
    assert set(ran.loc[on_gpu, "partition"]) == {"gpu"}
    assert ran.loc[on_gpu, "gpus"].str.fullmatch(r"\d").all(), "a GPU each"
    assert set(ran.loc[~on_gpu, "partition"]) == {"cpu"}
    assert set(ran.loc[~on_gpu, "gpus"]) == {""}
    # One job a line, and the phantom, whose script is left as it is.
    assert [job["JobState"] for job in table.jobs()] == ["COMPLETED"] * (len(ran) + 1)


@pytest.fixture(scope="module")
def fates(table, tmp_path_factory):
    """Three trainings, each broken off in its own way behind the first checkpoint by the cluster;
    returns the project after snakemake has ended by itself."""
    project = table.copy(tmp_path_factory.mktemp("fates") / "project")
    (project.folder / "hold").touch()
    runs = ["timed-out", "requeued", "cancelled"]
    models = [f"results/runs/{run}/model.safetensors" for run in runs]
    process = project.start(models, runs=runs)
    wait_for(lambda: all(project.clips_seen(run) == RESUMED[:1] for run in runs), process)
    timed_out, requeued, cancelled = (project.training_jobs(run)[0]["JobId"] for run in runs)
    project.cluster.call("scontrol", "update", f"JobId={timed_out}", "TimeLimit=1")
    project.cluster.call("scontrol", "requeue", requeued)
    project.cluster.call("scancel", cancelled)
    finish(process, seconds=LONGEST)
    return project


@pytest.mark.parametrize(
    ("run", "states", "restarts"),
    [
        ("timed-out", ["TIMEOUT", "COMPLETED"], "0"),
        ("requeued", ["COMPLETED"], "1"),
        ("cancelled", ["CANCELLED", "COMPLETED"], "0"),
    ],
)
def test_a_training_goes_on_from_its_checkpoint(fates, table, run, states, restarts):
    jobs = fates.training_jobs(run)
    assert [job["JobState"] for job in jobs] == states
    assert jobs[-1]["Restarts"] == restarts
    assert fates.clips_seen(run) == RESUMED
    broken_off, undisturbed = (
        pd.read_csv(project.folder / f"results/runs/{name}/curve.csv")["loss"].tolist()
        for project, name in ((fates, run), (table, "logmel"))
    )
    assert broken_off == pytest.approx(undisturbed, rel=1e-5)


def test_a_second_attempt_gets_more(fates):
    first, second = fates.training_jobs("timed-out")
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("24000M", "32000M")
    assert second["TimeLimit"] == "08:00:00"


def test_interrupted_and_called_again(table, tmp_path):
    project = table.copy(tmp_path / "project")
    (project.folder / "hold").touch()
    model = "results/runs/logmel/model.safetensors"
    # Where this test runs in the background of a shell, SIGINT is ignored here and in children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = project.start([model])
    wait_for(lambda: project.clips_seen("logmel") == RESUMED[:1], process)
    process.send_signal(signal.SIGINT)
    finish(process, status=1, seconds=LONGEST)
    assert [job["JobState"] for job in project.training_jobs("logmel")] == ["CANCELLED"]
    again = project.start([model])
    finish(again, seconds=LONGEST)
    assert project.clips_seen("logmel") == RESUMED


def test_a_failing_shard_is_named_and_the_rest_goes_on(table, tmp_path):
    project = table.copy(tmp_path / "project")
    results = project.folder / "results"
    shutil.rmtree(results / "embeddings")
    damaged = results / "frames" / "00.h5"
    content = damaged.read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    embeddings = [f"results/embeddings/logmel/{shard}.h5" for shard in ("00", "01")]
    process = project.start(embeddings, "--retries", "0")
    printed = finish(process, status=1, seconds=LONGEST)
    assert "Error in rule embed" in printed
    assert "results/logs/embed/logmel/00.log" in printed
    assert "Error" in (results / "logs/embed/logmel/00.log").read_text()
    assert [(project.folder / path).exists() for path in embeddings] == [False, True]

    damaged.write_bytes(content)
    process = project.start(embeddings)
    finish(process, seconds=LONGEST)
    states = Counter((job["Comment"][-2:], job["JobState"]) for job in project.jobs())
    assert states == {("00", "FAILED"): 1, ("00", "COMPLETED"): 1, ("01", "COMPLETED"): 1}
