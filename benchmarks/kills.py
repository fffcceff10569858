"""Kill the workflow at random moments, call it again, and compare what it ends with.

    python benchmarks/kills.py --kills 30 --longest 60

Every kill is SIGKILL to snakemake, as by a machine out of memory; the next call is the same plain
one, at once. A job that is complete meanwhile is begun again from nothing until there were enough
kills. What the last one of every round leaves is compared, byte by byte, with a run that nobody
disturbed. Ends with status 1 where a call failed or anything differs.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from s2r.core.errors import UserError
from s2r.core.files import sha256_of

ROOT = Path(__file__).parents[1]
COMPARED = ("*.csv", "*.md", "generated/**/*.h5")
"""Not the models: the header of a safetensors file has no fixed order. Their videos tell."""


def command(folder: Path, arguments: argparse.Namespace) -> list[str]:
    """A plain call of snakemake that works in ``folder``."""
    call = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    call += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--directory", str(folder)]
    call += ["--cores", str(arguments.cores), "--quiet", "all"]
    configured = [ROOT / "config" / "config.yaml", arguments.configfile.resolve()]
    return [*call, "--configfile", *map(str, configured)]


def prepare(folder: Path) -> None:
    """A folder with nothing but the weights that are there already."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if (ROOT / "weights").is_dir():
        shutil.copytree(ROOT / "weights", folder / "weights")


def run(folder: Path, arguments: argparse.Namespace, seconds: float | None) -> bool:
    """Whether the call ended by itself within ``seconds``; if not, it was killed.

    Raises UserError where it failed; its output is in ``folder/output.txt``.
    """
    with open(folder / "output.txt", "a") as output:
        process = subprocess.Popen(
            command(folder, arguments), stdout=output, stderr=subprocess.STDOUT, cwd=folder
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False
    if code:
        raise UserError(f"{folder / 'output.txt'}: snakemake failed with status {code}")
    return True


def finished(folder: Path) -> list[str]:
    """Stages that have an output now."""
    results = folder / "results"
    return sorted(one.name for one in results.iterdir()) if results.is_dir() else []


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of everything that must not depend on kills."""
    results = folder / "results"
    files = sorted({path for pattern in COMPARED for path in results.glob(pattern)})
    return {str(path.relative_to(results)): sha256_of(path) for path in files}


def disturbed(folder: Path, arguments: argparse.Namespace) -> list[dict[str, str]]:
    """The digests at the end of every round, after all the kills."""
    chance, kills, rounds = random.Random(arguments.seed), 0, []
    prepare(folder)
    while True:
        seconds = chance.uniform(0, arguments.longest) if kills < arguments.kills else None
        complete = run(folder, arguments, seconds)
        if not complete:
            kills += 1
            places = ", ".join(finished(folder)) or "nothing yet"
            print(f"kill {kills}, {seconds:5.1f} s after its start: {places}", flush=True)
            continue
        rounds.append(digests(folder))
        print(f"round {len(rounds)} complete after {kills} kills", flush=True)
        if kills >= arguments.kills:
            return rounds
        prepare(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--longest", type=float, default=150, help="s from a start to a kill")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--configfile", type=Path, default=ROOT / "config" / "config.yaml")
    parser.add_argument("--undisturbed", type=Path, help="folder of a run that is there already")
    parser.add_argument("--folder", type=Path, help="where to work (a temporary folder)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="s2r-kills-") as temporary:
        folder = given.folder or Path(temporary)
        try:
            calm = given.undisturbed or folder / "undisturbed"
            if not given.undisturbed:
                started = time.monotonic()
                prepare(calm)
                run(calm, given, None)
                print(f"undisturbed: complete after {time.monotonic() - started:.0f} s", flush=True)
            expected = digests(calm)
            rounds = disturbed(folder / "disturbed", given)
        except UserError as error:
            print(f"Error: {error}", file=sys.stderr)
            return 1
    differing = [
        f"round {number}: {name}"
        for number, found in enumerate(rounds, 1)
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]
    print(f"{given.kills} kills in {len(rounds)} rounds, {len(expected)} files compared:", end=" ")
    print("all alike" if not differing else "\n".join(["DIFFERENT", *differing]))
    return bool(differing)


if __name__ == "__main__":
    raise SystemExit(main())
