"""How far each rater is: the table, and the page that shows it to the owner of the study."""

import html
from collections.abc import Mapping

import pandas as pd

COLUMNS = ["key", "rater", "seed", "started", "consent", "last_answer"]
COLUMNS += ["answers", "clips", "finished", "checks", "checks_right"]

RIGHT = {"real": "real", "generated": "synthesised"}
"""The right answer to a clip of each kind."""

REFRESH = 30
"""Seconds after which the page is loaded again."""


def progress_of(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each rater, in order of their start; columns ``COLUMNS``.

    ``tables``: those of the file of answers. ``key`` is the name of a rater in these tables;
    ``rater`` the code as it was typed; ``answers`` counts clips with both answers, of ``clips``;
    ``checks`` the answered attention checks, of which ``checks_right``.
    """
    manifest, answers = tables["manifest"], tables["answers"]
    answers = answers.merge(manifest[["clip", "part", "kind"]], on="clip")
    clips = int(manifest["part"].isin(["test", "attention"]).sum())
    rows = []
    for rater in tables["raters"].sort_values("time").to_dict("records"):
        own = answers[answers["rater"] == rater["rater"]]
        checks = own[own["part"] == "attention"]
        both = int(own["naturalness"].notna().sum())
        row = {"key": rater["rater"], "rater": rater.get("code") or rater["rater"]}
        row |= {"seed": rater["seed"], "started": rater["time"]}
        row |= {"consent": rater.get("consent") or "", "last_answer": max(own["time"], default="")}
        row |= {"answers": both, "clips": clips, "finished": both == clips, "checks": len(checks)}
        rows.append(
            row | {"checks_right": int((checks["kind"].map(RIGHT) == checks["answer"]).sum())}
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def progress_page(table: pd.DataFrame, style: str) -> bytes:
    """The page of a table of `progress_of`; ``style`` is its CSS."""
    finished = int(table["finished"].sum())
    head = ("Code", "Answers", "Finished", "Checks", "Started", "Last answer")
    lines = [
        f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in _cells(row))}</tr>"
        for row in table.to_dict("records")
    ]
    titles = "".join(f'<th scope="col">{text}</th>' for text in head)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{REFRESH}">
<title>Progress of the raters</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main class="wide">
<h1>Progress of the raters</h1>
<p>{finished} of {len(table)} raters have finished. Checks: attention checks with the right
answer, of those answered. Times are UTC. This page is loaded again every {REFRESH} s. Do not pass
its address on.</p>
<table>
<thead><tr>{titles}</tr></thead>
<tbody>
{chr(10).join(lines)}
</tbody>
</table>
</main>
</body>
</html>
""".encode()


def _cells(row: Mapping) -> list[str]:
    return [
        row["rater"],
        f"{row['answers']} of {row['clips']}",
        "yes" if row["finished"] else "no",
        f"{row['checks_right']} of {row['checks']}",
        *(_minute(row[name]) for name in ("started", "last_answer")),
    ]


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
