"""A training from files, in this process or in several that share each batch.

``python -m s2r.training.launch job.json`` is one process of several; `train_run` starts them with
the launcher behind torchrun.
"""

import json
import logging
import os
import sys
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException, Std
from torch.distributed.elastic.multiprocessing.errors import (
    ChildFailedError,
    ProcessFailure,
    record,
)
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from s2r.config.build import build, build_part
from s2r.config.model_blocks import (
    MeanNetwork,
    MeanTraining,
    ResidualNetwork,
    ResidualTraining,
    SamplerConfig,
)
from s2r.config.window_blocks import TrainingConfig
from s2r.core.errors import UserError
from s2r.core.files import write_json
from s2r.core.job import THREAD_VARIABLES
from s2r.model.autoencoder import load_autoencoder
from s2r.model.family import TrainingJob
from s2r.model.utterance_model import UtteranceConfig
from s2r.model.window_model import model_config
from s2r.preparation.recordings import RecordingSet, open_recordings
from s2r.training.distributed import STORE_VARIABLE, process_group
from s2r.training.utterance import train_utterance
from s2r.training.window_model import train_window_model


def train_run(job: TrainingJob) -> None:
    """Train a model, in as many processes as the job asks for.

    Raises:
        UserError: as the trainings themselves; fewer GPUs than processes; a process that ended.
    """
    if job.processes == 1:
        train_from_files(job)
        return
    if job.device == "cuda" and torch.cuda.device_count() < job.processes:
        raise UserError(
            f"gpus: {job.processes} were asked for, but PyTorch finds {torch.cuda.device_count()} "
            "here; lower gpus, or ask the scheduler for more."
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        write_json(file, asdict(job))
        launch(["-m", "s2r.training.launch", str(file)], job.processes, Path(folder) / "output")


def train_from_files(job: TrainingJob) -> None:
    """Train a model of either family with the content of the files of ``job``."""
    files = {"frames": job.frames, "embeddings": job.embeddings, "split": job.split}
    if job.settings["preset"] == "s2r":
        _train_utterance(job, open_recordings(files | {"codes": job.codes}))
        return
    train_window_model(
        model_config(job.settings),
        build(TrainingConfig, job.settings["training"] | {"seed": job.seed}),
        build(SamplerConfig, job.settings["sampler"]),
        recordings=open_recordings(files),
        state_folder=Path(job.state_folder),
        model_path=Path(job.model_path),
        curve_path=Path(job.curve_path),
        device=job.device,
        info=job.info,
    )


def _train_utterance(job: TrainingJob, recordings: RecordingSet) -> None:
    autoencoder, _ = load_autoencoder(job.autoencoder, job.device)
    mean, residual = job.settings["mean"], job.settings["residual"]
    train_utterance(
        UtteranceConfig(
            autoencoder.config,
            build_part(MeanNetwork, mean),
            build_part(ResidualNetwork, residual),
            pooling=job.settings["pooling"],
        ),
        build_part(MeanTraining, mean | {"seed": job.seed}),
        build_part(ResidualTraining, residual | {"seed": job.seed}),
        autoencoder,
        recordings=recordings,
        state_folder=Path(job.state_folder),
        model_path=Path(job.model_path),
        curve_path=Path(job.curve_path),
        device=job.device,
        info=job.info,
    )


def launch(command: list[str], processes: int, folder: Path) -> None:
    """Run Python with ``command`` in several processes, by the launcher behind torchrun.

    The first one's output is shown here. An error in any of them ends all, with a UserError.
    ``folder`` takes their output, and two files by which they find each other instead of open
    ports: the launcher trusts every message on its port.
    """
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[STORE_VARIABLE] = str(folder / "processes")
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    for variable in THREAD_VARIABLES:
        threads = int(os.environ.get(variable, processes)) // processes
        os.environ[variable] = str(max(1, threads))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint=str(folder / "rendezvous"),
        rdzv_configs={"store_type": "file"},
        local_addr="localhost",
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(str(folder), redirects=Std.ALL, tee={0: Std.ALL}),
        log_line_prefix_template=" ",  # must not be empty
    )
    try:
        elastic_launch(config, sys.executable)(*command)
    except SignalException as stop:
        raise UserError(
            f"The training was stopped (signal {stop.sigval.name}); started again, it goes on "
            "from its last checkpoint."
        ) from None
    except ChildFailedError as error:
        raise UserError(_sentence(error.failures, processes)) from None


def _sentence(failures: Mapping[int, ProcessFailure], processes: int) -> str:
    """The message for processes that failed, by rank; a traceback goes to standard error.

    Where one ends, others lose their connection to it, so the message is that of a UserError, else
    of a process that was killed, else of the error that was raised first.
    """
    raised = {}
    for rank, failure in failures.items():
        if isinstance(failure.message, Mapping):
            raised[rank] = failure.message["message"]
            kind, _, sentence = raised[rank].partition(": ")
            if kind == UserError.__name__:
                return sentence
    killed = failures.keys() - raised.keys()
    rank = min(killed or raised, key=lambda number: failures[number].timestamp)
    if rank in raised:
        print(failures[rank].message["extraInfo"]["py_callstack"], file=sys.stderr)
    cause = raised.get(rank) or failures[rank].message.strip()
    return (
        f"Process {rank + 1} of the {processes} that train one model ended, and all with it "
        f"({cause}); started again, the training goes on from its last checkpoint."
    )


@record
def _train_in_group(job: TrainingJob) -> None:
    with process_group(job.device):
        train_from_files(job)


def main() -> None:
    """One process of several."""
    try:
        _train_in_group(TrainingJob(**json.loads(Path(sys.argv[1]).read_text())))
    except Exception:
        # Recorded already, with its traceback: the process that started this one reports it.
        sys.exit(1)


if __name__ == "__main__":
    main()
