"""What stage 1 makes of recordings: their codes, and their speakers registered to the template.

The rule ``autoencoder`` writes it once, and all trainings read it: registration takes a tenth of
the time of one of the default.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from s2r.core.progress import progress
from s2r.core.shards import write_shard
from s2r.core.units import to_unit_range
from s2r.model.autoencoder import Autoencoder, Speaker
from s2r.model.registration import Registration
from s2r.preparation.recordings import RecordingSet
from s2r.preparation.resting import reference_frame
from s2r.training.video_error import VALIDATION_RECORDINGS

REGISTRATION = tuple(field.name for field in fields(Registration))


def references_of(recordings: RecordingSet, names: list[str], device: str) -> Tensor:
    """The reference frames (R, 1, H, W) of recordings, in [-1, 1]."""
    frames = np.stack([reference_frame(recordings, name) for name in names])
    return torch.from_numpy(frames)[:, None].to(device)


def recording_codes(
    model: Autoencoder, recordings: RecordingSet, names: list[str]
) -> tuple[list[Tensor], Speaker]:
    """Codes (T, K) of each of the recordings ``names``, and their R speakers.

    They are read where ``recordings`` were opened with them, else computed.
    """
    device = model.template.device
    stored = recordings.codes
    if stored and all(name in stored.recordings for name in names):
        parts = [
            {
                key: torch.from_numpy(stored.read(name, key)).to(device)
                for key in ("codes", "reference", "code", *REGISTRATION)
            }
            for name in progress(names, "codes")
        ]
        together = {key: torch.cat([part[key] for part in parts]) for key in parts[0]}
        found = Registration(*(together[key] for key in REGISTRATION))
        speakers = Speaker(together["reference"], found, together["code"])
        return [part["codes"] for part in parts], speakers
    speakers = model.speakers(references_of(recordings, names, device))
    return [codes for codes, _ in _encoded(model, recordings, names, speakers)], speakers


def write_codes(
    model: Autoencoder,
    recordings: RecordingSet,
    path: str | Path,
    names: list[str],
    speakers: Speaker,
) -> None:
    """Write a shard with all that `recording_codes` gives for the recordings that trainings use.

    ``names`` are the training recordings, and ``speakers`` begins with theirs, which takes longest
    to find; the others are those of the validation.
    """

    validation = recordings.members("validation", VALIDATION_RECORDINGS)
    groups = [(names, speakers)]
    if validation:
        references = references_of(recordings, validation, model.template.device)
        groups.append((validation, model.speakers(references)))

    def items() -> Iterator[tuple[str, dict[str, np.ndarray], dict]]:
        for members, their_speakers in groups:
            found = _encoded(model, recordings, members, their_speakers)
            for name, (codes, one) in zip(members, found, strict=True):
                arrays = {"codes": codes, "reference": one.reference, "code": one.code}
                arrays |= {key: getattr(one.registration, key) for key in REGISTRATION}
                yield name, {key: array.cpu().numpy() for key, array in arrays.items()}, {}

    write_shard(path, items(), {"codes": model.config.codes})


def _encoded(
    model: Autoencoder, recordings: RecordingSet, names: list[str], speakers: Speaker
) -> Iterator[tuple[Tensor, Speaker]]:
    """The codes and the speaker of each recording."""
    for number, name in enumerate(progress(names, "codes")):
        speaker = speakers[number : number + 1]
        video = torch.from_numpy(to_unit_range(recordings.video(name)))[:, None]
        yield model.encode(video.to(model.template.device), speaker), speaker
