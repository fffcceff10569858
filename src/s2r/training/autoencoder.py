"""Stage 1: fit the template, the articulation codes and the noise of a corpus, in closed form."""

from pathlib import Path

import numpy as np
import torch

from s2r.config.model_blocks import AutoencoderBlock
from s2r.core.errors import UserError
from s2r.core.progress import progress
from s2r.core.units import to_unit_range
from s2r.model.autoencoder import Autoencoder, Speaker, save_autoencoder
from s2r.model.components import principal_components
from s2r.model.registration import areas, fit_template
from s2r.preparation.recordings import RecordingSet
from s2r.training.recording_codes import references_of, write_codes

FRAMES = 6000
"""About how many frames the components are fitted to, evenly spaced over all recordings."""

TEMPLATE_SPEAKERS = 100
"""Most speakers whose reference frames make the template."""

NOISE_RECORDINGS = 40
"""Most recordings in which noise is measured."""


def fit_autoencoder(
    config: AutoencoderBlock,
    recordings: RecordingSet,
    path: str | Path,
    device: str = "cpu",
    codes_path: str | Path | None = None,
) -> Autoencoder:
    """Fit an autoencoder to the sets train and silent and write it to ``path``, and the codes of
    all recordings that trainings use to the shard ``codes_path``.

    Only pictures are read. Raises UserError without training recordings, without which no model
    can follow, and where there are fewer frames than codes.
    """
    names = recordings.members("train")
    if not names:
        raise UserError("the split has no training recordings; see split.csv and config: split")
    silent = recordings.members("silent")
    names += silent
    references = references_of(recordings, names, device)
    subject = recordings.split.set_index("recording")["subject"].loc[names].to_numpy()
    one_each = np.unique(subject, return_index=True)[1][:TEMPLATE_SPEAKERS]
    model = Autoencoder(config, references.shape[-1]).to(device)
    model.template.copy_(fit_template(references[one_each]))
    speakers = model.speakers(references)
    total = sum(recordings.length(name) for name in names)
    stride = total // FRAMES + 1
    changes = []
    for number, name in enumerate(progress(names, "articulation codes")):
        video = _video(recordings, name, device)[number % stride :: stride]
        changes.append(model.changes(video, speakers[number : number + 1]).cpu())
    components = principal_components(torch.cat(changes).numpy(), config.codes)
    if len(components) < config.codes:
        raise UserError(
            f"autoencoder.codes: {config.codes} codes need as many training frames, and there are "
            f"{len(components)}; lower it or add recordings."
        )
    model.components.copy_(torch.from_numpy(components))
    _fit_noise(model, recordings, names, speakers)
    info = {
        "recordings": len(names),
        "silent_recordings": len(silent),
        "smallest_area": float(areas(speakers.registration.to_speaker).min()),
    }
    save_autoencoder(model, path, info)
    if codes_path:
        speakers = model.registered(references, speakers.registration)
        write_codes(model, recordings, codes_path, recordings.members("train"), speakers)
    return model


def _fit_noise(
    model: Autoencoder, recordings: RecordingSet, names: list[str], speakers: Speaker
) -> None:
    """Level and correlation of the noise in the training recordings."""
    chosen = range(0, len(names), len(names) // NOISE_RECORDINGS + 1)
    shown = [speakers[number : number + 1] for number in chosen]
    residuals = []
    for number, speaker in zip(chosen, shown, strict=True):
        video = _video(recordings, names[number], model.template.device)
        residuals.append(video - model.decode(model.encode(video, speaker), speaker))
    model.set_noise(model.fit_noise(residuals, shown))


def _video(recordings: RecordingSet, name: str, device: str) -> torch.Tensor:
    video = to_unit_range(recordings.video(name))
    return torch.from_numpy(video)[:, None].to(device)
