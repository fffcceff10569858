"""How a command ends: its exit status, its last sentence, and signals after which it cleans up."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

from s2r.core.causes import cause_of

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Ctrl-C, the system's wish, and a terminal that was closed."""

UNREAD = 141
"""Exit status where nobody reads the output any more: that of a program which SIGPIPE ended."""


class Stopped(KeyboardInterrupt):
    """A signal has asked this process to end; ``number`` says which."""

    def __init__(self, number: int):
        super().__init__()
        self.number = number


def run_command(command: Callable[[], object]) -> int:
    """Run a command to its end; returns its exit status.

    0; 1 after a sentence on standard error; 128 and a signal's number. Exceptions of unknown cause
    are raised.
    """
    try:
        with ended_by_signals():
            try:
                command()
            except SystemExit:
                _flush()  # the text of --help
                raise
            _flush()
    except KeyboardInterrupt as stop:
        _say("Stopped; nothing was written.")
        return 128 + getattr(stop, "number", signal.SIGINT)
    except BrokenPipeError:  # `s2r info | head -1`
        _read_no_more()
        return UNREAD
    except Exception as error:
        sentence = cause_of(error)
        if sentence is None:
            raise
        _say(f"Error: {sentence}")
        return 1
    return 0


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """`SIGNALS` raise `Stopped` in the block, so that temporary files go; see `end_by_signals`."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread has signals
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    end_by_signals()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_by_signals(always: tuple[int, ...] = ()) -> None:
    """From now on `SIGNALS` raise `Stopped`.

    After the first one all are ignored: a second one must not interrupt the cleaning up. A signal
    that is ignored already (by ``nohup``, or SIGINT in the background) stays so, unless it is one
    of ``always``.
    """
    for number in SIGNALS:
        if number in always or signal.getsignal(number) is not signal.SIG_IGN:
            # A server may have its own way to end on SIGTERM; a closed terminal means the same.
            hangs_up = number == getattr(signal, "SIGHUP", None)
            signal.signal(number, _terminate if hangs_up else _stop)


def _stop(number: int, _) -> None:
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(number)


def _terminate(*_) -> None:
    signal.raise_signal(signal.SIGTERM)


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be closed
        print(sentence, file=sys.stderr, flush=True)


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _read_no_more() -> None:
    """Let what is still in the buffers of the standard streams go to nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with contextlib.suppress(OSError):
            try:
                stream.flush()
            except OSError:
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
