"""How far forced alignment is off on the phantom, whose script says when every word is said.

    python benchmarks/alignment.py results

reads the index and frames of a finished job on the phantom and aligns all recordings of bvt and
vcv1 to vcv3 with the words that are said in them. The voice is synthetic and the text is known
exactly, so this says how the aligner works here, not how well it does on people in a scanner.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from s2r.core.errors import UserError
from s2r.core.phonetics import vcv_label
from s2r.core.progress import progress
from s2r.core.shards import Shards
from s2r.corpus.index import read_corpus
from s2r.corpus.phantom.lexicon import spoken
from s2r.corpus.truth import read_truth
from s2r.evaluation.words.alignment import Aligner
from s2r.preparation.frames import first_frame_time

STIMULI = ("bvt", "vcv1", "vcv2", "vcv3")


def errors(results: Path) -> tuple[dict[str, list[float]], int]:
    """Absolute errors in s by kind of boundary, and how many recordings could not be aligned."""
    frames = Shards(sorted((results / "frames").glob("*.h5")))
    corpus = read_corpus(results / "recordings.csv")
    chosen = corpus[corpus["stimulus"].isin(STIMULI) & corpus.index.isin(frames.recordings)]
    aligner, found, failed = Aligner(), defaultdict(list), 0
    for recording, line in progress(list(chosen.iterrows()), "align"):
        start = first_frame_time(frames, recording)
        truth = [item.moved(-start) for item in spoken(read_truth(line["truth"]).phones)]
        text = " ".join(vcv_label(phone.label for phone in item.phones) for item in truth)
        try:
            aligned = aligner.align(frames.read(recording, "audio"), text)
        except UserError:
            failed += 1
            continue
        for true, other in zip(truth, aligned, strict=True):
            kind = true.kind
            found[f"{kind} start"].append(abs(other.start - true.start))
            found[f"{kind} end"].append(abs(other.end - true.end))
            if kind == "vcv":
                middle = [(item.phones[1].start + item.phones[1].end) / 2 for item in (true, other)]
                found["vcv, middle of the consonant"].append(abs(middle[1] - middle[0]))
    return found, failed


def main(results: str) -> None:
    found, failed = errors(Path(results))
    print("Phantom. Absolute error in ms:  median  mean  90th percentile  n")
    for kind, values in sorted(found.items()):
        ms = 1000 * np.array(values)
        print(
            f"{kind:32s} {np.median(ms):5.0f} {ms.mean():5.0f} {np.quantile(ms, 0.9):8.0f} "
            f"{len(ms):12d}"
        )
    print(f"{failed} recordings could not be aligned.")


if __name__ == "__main__":
    main(*sys.argv[1:])
