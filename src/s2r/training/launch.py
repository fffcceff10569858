"""A training from files, in this process or in several that share each batch.

``python -m s2r.training.launch arguments.json`` is one process of several; `train_run` starts them with
the launcher behind torchrun.
"""

import json
import logging
import os
import sys
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException, Std
from torch.distributed.elastic.multiprocessing.errors import (
    ChildFailedError,
    ProcessFailure,
    record,
)
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from s2r.config.build import build
from s2r.core.errors import UserError
from s2r.core.files import write_json
from s2r.core.job import THREAD_VARIABLES
from s2r.core.shards import Shards
from s2r.model.sampler import SamplerConfig
from s2r.model.tract_model import model_config
from s2r.training.distributed import STORE_VARIABLE, process_group
from s2r.training.fitting import TrainingConfig
from s2r.training.tract import train


def train_run(arguments: Mapping, processes: int = 1) -> None:
    """Train with the ``arguments`` of `train_from_files`, in ``processes`` processes.

    Raises:
        UserError: as `s2r.training.tract.train`; fewer GPUs than processes; a process that ended.
    """
    if processes == 1:
        train_from_files(**arguments)
        return
    if arguments["device"] == "cuda" and torch.cuda.device_count() < processes:
        raise UserError(
            f"gpus: {processes} were asked for, but PyTorch finds {torch.cuda.device_count()} "
            "here; lower gpus, or ask the scheduler for more."
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arguments.json"
        write_json(file, dict(arguments))
        launch(["-m", "s2r.training.launch", str(file)], processes, Path(folder) / "output")


def train_from_files(
    *,
    settings: Mapping,
    sampler: Mapping,
    frames: list[str],
    embeddings: list[str],
    split: str,
    state_folder: str,
    model_path: str,
    curve_path: str,
    device: str,
    info: dict,
) -> None:
    """`s2r.training.tract.train` with everything as JSON can hold it.

    Args:
        settings: of `s2r.config.parameters.run_settings`; its sampler is not needed.
        sampler: block ``sampler`` of the same, for the validation.
        frames, embeddings, split: files.
    """
    train(
        model_config(settings),
        build(TrainingConfig, settings["training"]),
        build(SamplerConfig, sampler),
        frames=Shards(frames),
        embeddings=Shards(embeddings),
        split=pd.read_csv(split, dtype=str, keep_default_na=False),
        state_folder=Path(state_folder),
        model_path=Path(model_path),
        curve_path=Path(curve_path),
        device=device,
        info=info,
    )


def launch(command: list[str], processes: int, folder: Path) -> None:
    """Run Python with ``command`` in several processes, by the launcher behind torchrun.

    The first one's output is shown here. A fault in any of them ends all, with a UserError.
    ``folder`` takes their output, and two files by which they meet instead of open ports: the
    launcher trusts whatever reaches its port.
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
        log_line_prefix_template=" ",  # which cannot be empty
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
    """What to tell about processes that failed, by rank; a traceback goes to standard error.

    Where one ends, others lose their connection to it: a sentence for the user comes first, then
    a process that was killed, then what was raised first.
    """
    raised = {}
    for rank, failure in failures.items():
        if isinstance(failure.message, Mapping):
            raised[rank] = failure.message["message"]
            kind, _, sentence = raised[rank].partition(": ")
            if kind == UserError.__name__:
                return sentence
    killed = failures.keys() - raised.keys()
    rank = min(killed or raised, key=lambda one: failures[one].timestamp)
    if rank in raised:
        print(failures[rank].message["extraInfo"]["py_callstack"], file=sys.stderr)
    why = raised.get(rank) or failures[rank].message.strip()
    return (
        f"Process {rank + 1} of the {processes} that train one model ended, and all with it "
        f"({why}); started again, the training goes on from its last checkpoint."
    )


@record
def _train_in_group(arguments: Mapping) -> None:
    with process_group(arguments["device"]):
        train_from_files(**arguments)


def main() -> None:
    """One process of several."""
    try:
        _train_in_group(json.loads(Path(sys.argv[1]).read_text()))
    except Exception:
        # Recorded by then, with its traceback: the process that started this one tells it.
        sys.exit(1)


if __name__ == "__main__":
    main()
