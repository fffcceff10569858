"""Rule ``rating``: the clips of a study, every word once as recorded and once as generated.

Real and generated clips differ in nothing but what they show: both are frames of 64 x 64 pixels
at 50 Hz, cut between the same two instants, enlarged and encoded alike, with the same recorded
sound. A word alone lasts 0.3 to 0.5 s, too short to look at, so both carry a margin of the
same recording before and after.
"""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from s2r.apps.rating.checks import SPOILED, checks, spoiled
from s2r.apps.rating.manifest import BLIND, CLIPS, COLUMNS, MANIFEST, SECRET
from s2r.apps.rating.texts import TEXTS, read_texts
from s2r.core.errors import UserError
from s2r.core.files import atomic_path, sha256_of
from s2r.core.media.encode import write_video
from s2r.core.progress import progress
from s2r.core.units import FRAME_RATE, HOP, SAMPLE_RATE
from s2r.evaluation.words.items import SpokenItems, read_items
from s2r.generation.generated_file import read_generated
from s2r.preparation.pictures import enlarge
from s2r.preparation.recordings import RecordingSet

SIDE = 384
"""Height and width of a clip on the screen, pixels."""


def cut_clips(
    recordings: RecordingSet,
    *,
    segments: str | Path,
    rollouts: Mapping[str, str | Path],
    words: Sequence[str],
    folder: str | Path,
    items: int | None = None,
    practice: int = 4,
    attention: int = 0,
    margin: float = 0.2,
    seed: int = 0,
    synthetic: bool = False,
    texts: str | Path | None = None,
) -> None:
    """Write the clips of ``words`` and their manifest (`s2r.apps.rating.manifest`) into ``folder``.

    ``segments`` is the file of `s2r.evaluation.words.segments`; ``rollouts`` is {set: generated
    file} of one run, of which the first draw is shown. ``items`` is the most items of a word,
    of all speakers alike; None for all. Each gives one real and one generated clip, so every word
    is half and half. ``practice`` real examples are of other items; ``attention`` checks come in
    addition (`s2r.apps.rating.checks`). ``margin`` in s, less where a recording starts or ends.
    ``texts`` is a file of texts for the page (`s2r.apps.rating.texts`), of which the folder gets a
    copy. The folder appears whole or not at all. Raises UserError where no word was generated, and
    for texts that are none.
    """
    read_texts(texts)
    spoken = read_items(recordings, segments)
    generator = np.random.default_rng(seed)
    file_of = {}
    for file in rollouts.values():
        with read_generated(file) as content:
            file_of |= dict.fromkeys(content.rollouts, file)
    rated = choose_items(spoken.segments, words, file_of, items)
    if not rated:
        raise UserError(
            f"No generated recording holds one of the words {', '.join(words)}: raise "
            "evaluation.recordings, or see words.stimuli and rating.words."
        )
    examples = choose_examples(spoken.segments, words, rated, practice, generator)
    if len(examples) < practice:
        print(f"Only {len(examples)} of {practice} practice examples: no other items are left.")
    rows = [_row(spoken, item, "practice", "real", "", margin) for item in examples]
    rows += [
        _row(spoken, item, "attention", kind, SPOILED if kind == "generated" else "", margin)
        for item, kind in checks(rated, examples, attention)
    ]
    with atomic_path(folder) as temporary:
        for item in rated:
            file = file_of[spoken.segments.loc[item, "recording"]]
            with read_generated(file) as content:
                system = content.attributes["system"]
            rows.append(_row(spoken, item, "test", "real", "", margin))
            rows.append(_row(spoken, item, "test", "generated", system, margin))
        rows = [rows[place] for place in generator.permutation(len(rows))]
        (temporary / CLIPS).mkdir(parents=True)
        for number, row in enumerate(progress(rows, "clips"), start=1):
            row["clip"], row["seed"] = f"clip_{number:03d}.mp4", seed
            path = temporary / CLIPS / row["clip"]
            _write_clip(path, row, spoken, file_of, margin, synthetic)
            row["sha256"] = sha256_of(path)
        table = pd.DataFrame(rows, columns=COLUMNS)
        table.to_csv(temporary / MANIFEST, index=False, float_format="%.2f")
        blind = table.drop(columns=SECRET)
        blind.to_csv(temporary / CLIPS / BLIND, index=False, float_format="%.2f")
        if texts is not None:
            shutil.copyfile(texts, temporary / TEXTS)
    sources = spoken.segments.loc[rated]
    print(
        f"{2 * len(rated)} clips of {len(rated)} items, of {sources['recording'].nunique()} "
        f"recordings by {sources['subject'].nunique()} speakers; {len(examples)} practice "
        f"examples, {attention} attention checks."
    )


def choose_items(
    segments: pd.DataFrame, words: Sequence[str], recordings: Mapping, most: int | None
) -> list[str]:
    """Names of the items to rate: of each word ``most``, from ``recordings`` that were generated.

    ``segments`` is indexed by item. Of all speakers, and then recordings, as equally many are
    taken as there are, over all words. A word that no recording has is left out.
    """
    items: list[str] = []
    generated = segments["recording"].isin(list(recordings))
    taken: Counter[str] = Counter()
    for word in words:
        names = sorted(segments.index[_is_word(segments, [word]) & generated])
        for _ in range(len(names) if most is None else min(most, len(names))):
            rows = segments.loc[names]
            name = min(
                zip(names, rows["subject"], rows["recording"], strict=True),
                key=lambda row: (taken[row[1]], taken[row[2]], row[0]),
            )
            taken.update(name[1:])
            names.remove(name[0])
            items.append(name[0])
    return items


def choose_examples(
    segments: pd.DataFrame,
    words: Sequence[str],
    taken: Sequence[str],
    n: int,
    generator: np.random.Generator,
) -> list[str]:
    """``n`` items that are not rated: of the rated words while there are any, then of others."""
    left = segments.drop(index=list(taken))
    same = _is_word(left, words)
    drawn = [
        str(name) for part in (same, ~same) for name in generator.permutation(left.index[part])
    ]
    return drawn[:n]


def _is_word(segments: pd.DataFrame, words: Sequence[str]) -> pd.Series:
    return (segments["kind"] == "word") & segments["label"].isin(list(words))


def _row(
    spoken: SpokenItems, item: str, part: str, kind: str, system: str, margin: float
) -> dict[str, object]:
    line = spoken.segments.loc[item]
    recording, first, stop = spoken.span(item, margin)
    times = {"start": first / FRAME_RATE, "end": stop / FRAME_RATE}
    shown = {"part": part, "word": line["label"], "kind": kind, "system": system}
    return shown | {"subject": line["subject"], "recording": recording, "item": item} | times


def _write_clip(
    path: Path, row: Mapping, spoken: SpokenItems, file_of: Mapping, margin: float, synthetic: bool
) -> None:
    recording, first, stop = spoken.span(row["item"], margin)
    if row["kind"] == "real" or row["system"] == SPOILED:
        frames = spoken.recordings.video(recording, first, stop)
        if row["system"] == SPOILED:
            frames = spoiled(frames, np.random.default_rng(row["seed"]))
    else:
        with read_generated(file_of[recording]) as content:
            frames = spoken.draws(content, "rollout", row["item"], margin)[0]
    audio = spoken.recordings.audio(recording)[first * HOP : stop * HOP]
    # The same for all clips, real ones included: no rater may read there which ones are generated
    # (the manifest, which stays outside of the served folder, says it).
    tags = {"comment": "from a numerical phantom, not a person"} if synthetic else {}
    write_video(path, enlarge(frames, SIDE), FRAME_RATE, audio, SAMPLE_RATE, tags=tags)
