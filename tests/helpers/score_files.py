"""Made-up score files of systems that were trained with several seeds."""

import json
from collections.abc import Mapping
from pathlib import Path

LABELS = {"encoder": "logmel", "size": "-", "pooling": "no", "preset": "s2r"}


def row(metric: str, region: str, recording: str, value: float, **changes) -> dict:
    """A value of one recording."""
    shared = {"mode": "rollout", "estimate": "draw", "frames": 100}
    entry = {"metric": metric, "region": region, "recording": recording, "value": value}
    return shared | entry | changes


def write_scores(
    folder: Path,
    system: str,
    kind: str,
    seeds: Mapping[int | None, list[dict]],
    fvd: Mapping[int | None, float] | None = None,
) -> list[Path]:
    """A file for each seed with its rows, all in the set unseen_speech."""
    files = []
    for seed, rows in seeds.items():
        distances = {}
        if fvd:
            value = fvd[seed]
            about = {"n": 500, "network": "I3D", "sha256": "ab" * 32, "warning": ""}
            distances["fvd"] = about | {"value": value, "low": value - 20, "high": value + 30}
        sets = {"unseen_speech": {"oracle": False, "values": rows, "distances": distances}}
        draws = any(one["estimate"] == "draw" for one in rows)
        content = {"system": system, "seed": seed, "kind": kind, "draws": 2, "sets": sets}
        content |= {"estimate": "draw" if draws else "mean"}
        content |= LABELS if seed is not None else dict.fromkeys(LABELS, "")
        files.append(folder / f"{system}@{seed}.json")
        files[-1].write_text(json.dumps(content))
    return files
