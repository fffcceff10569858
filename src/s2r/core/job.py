"""What every job of the workflow does around its one function (docs/jobs.md).

>>> with job(snakemake):
...     from s2r.corpus.split import make_split
...     ...

Nothing heavy may be imported before the block: numerical libraries read the number of threads
when they are first imported.
"""

import errno
import io
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

from s2r.core import checksums
from s2r.core.causes import cause_of
from s2r.core.files import FULL, remove_leftovers
from s2r.core.processes import RUN_VARIABLE, end_with

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

BAR_SECONDS = 10.0
"""Least time between two lines of the same progress bar."""


@contextmanager
def job(snakemake, threads: int | None = None) -> Iterator[None]:
    """Run the block as one job of the workflow.

    It ends when the snakemake that started it is killed: the next call would start the same job
    beside it. See also `logged` and `files_checked`.

    Args:
        snakemake: the object of that name in a script. Without a log (``workflow/debug.py``)
            messages stay on the terminal, and exceptions go to the caller.
        threads: what numerical libraries may use: those of the rule, or 1 where the block starts
            processes itself.
    """
    if RUN_VARIABLE in os.environ:
        end_with(int(os.environ[RUN_VARIABLE]))
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads or snakemake.threads)
    label = " ".join([snakemake.rule, *map(str, snakemake.wildcards)])
    log = logged(label, snakemake.log[0]) if snakemake.log else nullcontext()
    with log, files_checked(snakemake.input, snakemake.output):
        yield


@contextmanager
def files_checked(inputs: list[str], outputs: list[str]) -> Iterator[None]:
    """Run the block on inputs that are as another job made them, and take checksums of its outputs.

    What a job that was killed left of writing the outputs is removed first.

    Raises:
        UserError: inputs were changed or damaged, see `s2r.core.checksums`.
    """
    for output in outputs:
        remove_leftovers(output)
    checksums.forget(outputs)
    checksums.verify(inputs)
    yield
    checksums.record(outputs)


@contextmanager
def logged(label: str, log: str | Path) -> Iterator[None]:
    """Run the block with its messages in the file ``log`` and on the terminal, behind ``label``.

    An exception that a user can do something about becomes one sentence (`s2r.core.causes`), any
    other one its traceback, both in the log and on the terminal; either way the process ends with
    exit status 1.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    stdout, stderr = sys.stdout, sys.stderr
    # Unbuffered: on a full disk closing it must not fail again.
    with open(log, "wb", buffering=0) as raw:
        file = io.TextIOWrapper(raw, "utf-8", write_through=True)
        sys.stdout = sys.stderr = lines = LabelledLines(label, [file, stderr])
        try:
            yield
        except Exception as error:
            if sentence := cause_of(error):
                print(f"Error: {sentence}", file=lines)
            else:
                traceback.print_exc(file=lines)
            raise SystemExit(1) from None
        finally:
            lines.finish()
            sys.stdout, sys.stderr = stdout, stderr


class LabelledLines:
    """A text stream that writes whole lines, ``[label] line``, to several files.

    Jobs run side by side and share a terminal, where carriage returns would overwrite each
    other: of a progress bar a line is written every 10 s, and its last state.
    """

    encoding = "utf-8"

    def __init__(self, label: str, targets: list[IO[str]], clock=time.monotonic):
        self._label = label
        self._targets = targets
        self._clock = clock
        self._bar_written = clock()
        self._pending = ""
        self._held = ""

    def write(self, text: str) -> int:
        for piece in text.splitlines(keepends=True):
            self._pending += piece
            if piece.endswith("\n"):
                self._held = ""
                self._emit(self._pending)
                self._pending = ""
            elif piece.endswith("\r"):
                self._bar(self._pending)
                self._pending = ""
        return len(text)

    def flush(self) -> None:
        for target in self._targets:
            target.flush()

    def isatty(self) -> bool:
        return False

    def finish(self) -> None:
        """Write what no line end has followed: a last word, or the last state of a bar."""
        self._emit(self._pending if self._pending.strip() else self._held)
        self._pending = self._held = ""

    def _bar(self, line: str) -> None:
        self._held = line
        if self._clock() - self._bar_written >= BAR_SECONDS:
            self._bar_written = self._clock()
            self._held = ""
            self._emit(line)

    def _emit(self, line: str) -> None:
        if not line.strip():
            return
        for target in list(self._targets):
            try:
                target.write(f"[{self._label}] {line.rstrip()}\n")
                target.flush()
            except OSError as error:
                if error.errno not in (*FULL, errno.EPIPE, errno.EIO):
                    raise
                # A log that ends early, or a terminal that was closed, stops no work; what needs
                # the room will say so.
                self._targets.remove(target)
