"""One run at a time in a folder, and no job that outlives its run.

Both hold after ``kill -9`` too: the lock is the operating system's and ends with its process, and
each job checks itself whether the process that started it still runs.
"""

import errno
import os
import re
import socket
import sys
import threading
import time
from pathlib import Path

from s2r.core.errors import UserError

RUN_VARIABLE = "S2R_RUN"
"""Environment variable with the number of the process whose jobs end with it."""

SPECIAL = re.compile(r"[\s\"'`$&|;<>()*?\\]")
"""What a shell does not take as part of a word."""

UNSUPPORTED = (
    "s2r runs on Linux and macOS, not on Windows itself: use the Windows Subsystem for Linux "
    "(https://learn.microsoft.com/windows/wsl), where all of it works."
)

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def check_interpreter(path: str) -> None:
    """UserError for a path of the Python interpreter with characters special to the shell.

    Snakemake puts it into command lines without quotes (snakemake#2645).
    """
    if found := SPECIAL.search(path):
        what = "a space" if found[0].isspace() else found[0]
        raise UserError(
            f"the path of Python, {path}, holds {what}, and Snakemake cannot start jobs there: "
            "move the project to a folder without spaces, quotes and brackets, or use an "
            "environment that lies elsewhere."
        )


def check_system() -> None:
    """Raise UserError on Windows."""
    if sys.platform == "win32":
        raise UserError(UNSUPPORTED)


def hold_folder(lock: str | Path) -> None:
    """Lock a folder, by the file ``lock`` in it, until this process ends.

    Processes started by this one do not hold the lock. On a file system without locks nothing is
    locked, and a line on standard error says so.

    Raises:
        UserError: another process holds the lock; the message has its number and host. The folder
            may not be written, or the system is not supported.
    """
    try:
        import fcntl  # here: Windows has none, and gets a sentence
    except ModuleNotFoundError as error:
        raise UserError(UNSUPPORTED) from error
    try:
        Path(lock).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT)  # never closed: that would end the lock
    except OSError as error:
        raise UserError(
            f"{lock} cannot be written ({error.strerror}): work in a folder that is yours."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 1000).decode()
        os.close(descriptor)
        raise UserError(
            f"another snakemake{holder} runs in this folder: wait until it ends, or stop it with "
            "Ctrl-C where it was started, and call again; nothing has to be unlocked."
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        print(
            f"{lock}: no locks on this file system; see to it that no other snakemake runs here.",
            file=sys.stderr,
        )
    os.truncate(descriptor, 0)
    os.write(descriptor, f" (process {os.getpid()} on {socket.gethostname()})".encode())


def end_with(process: int) -> None:
    """End this process at once, within about a second, when ``process`` has ended."""

    def watch() -> None:
        while _is_running(process):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # not Linux
        return True
    return state not in ("Z", "X")  # ended, but its parent has not collected its status
