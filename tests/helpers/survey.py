"""Mutants examined in a process of their own, which is watched: what became of each."""

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path


def survey(
    worker: Path, arguments: list[Path], first: int, end: int, patience: float
) -> list[dict]:
    """What a script says of the mutants from ``first`` to ``end``; a new process after a failure.

    The script is called with ``arguments``, the first and the end. It prints a line of JSON with
    the number ``mutant`` before each of them, and one with its ``status`` after it. A crash, and
    silence for ``patience`` seconds, become the status of the mutant.
    """
    results: list[dict] = []
    stderr_path = Path(arguments[0]).with_name("stderr.txt")
    while first < end:
        with open(stderr_path, "wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, *map(str, [worker, *arguments, first, end])],
                stdout=subprocess.PIPE, stderr=stderr,
            )  # fmt: skip
        lines: queue.SimpleQueue = queue.SimpleQueue()

        def read(process=process, lines=lines) -> None:
            for line in process.stdout:
                lines.put(json.loads(line))
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        end_of_it, begun = "", False
        try:
            while said := lines.get(timeout=patience):
                first, begun = said["mutant"], True
                if "status" in said:
                    results.append(said)
        except queue.Empty:
            process.kill()
            end_of_it = f"nothing happened for {patience} s"
        if process.wait() and not end_of_it:
            last = stderr_path.read_text(errors="replace")[-2000:]
            assert begun, last
            end_of_it = f"the process ended with {process.returncode}: {last}"
        if end_of_it:
            results.append({"mutant": first, "status": end_of_it, "reason": "", "megabytes": 0})
        first += 1
    return results
