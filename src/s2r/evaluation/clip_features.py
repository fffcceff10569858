"""Distances of the clips of a set from true ones, by features of a video network.

Rule ``real_features`` computes the features of the true clips once, rule ``score`` those of a
system.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2r.core.damaged import reading
from s2r.core.errors import UserError
from s2r.core.files import atomic_path, sha256_of
from s2r.core.progress import progress
from s2r.evaluation.metrics.frechet import FrechetKernel
from s2r.evaluation.metrics.kernel import PolynomialKernel
from s2r.evaluation.metrics.statistics import bootstrap_clips
from s2r.generation.clip_choice import CLIP_LENGTH, choose_clips
from s2r.generation.generated_file import Generated
from s2r.preparation.recordings import RecordingSet

NETWORK = "I3D, Kinetics-400 logits"

FEATURE_DIMENSION = 400
"""With fewer clips the covariance of the features is singular and the distance biased upwards."""

Extract = Callable[[np.ndarray], np.ndarray]
"""Clips (n, clip, H, W) uint8 -> features (n, d) float64."""


def i3d_extractor(weights: str | Path, device: str = "cpu") -> Extract:
    """Features by the I3D whose weights are in a file (see `s2r.evaluation.metrics.i3d`)."""
    from s2r.evaluation.metrics.i3d import features, load_i3d

    model = load_i3d(weights, device)

    def extract(clips: np.ndarray, batch: int = 16) -> np.ndarray:
        parts = [
            features(model, clips[start : start + batch])
            for start in progress(range(0, len(clips), batch), "clip features")
        ]
        return np.concatenate(parts)

    return extract


@dataclass(frozen=True)
class RealFeatures:
    """Features of the true clips of every set."""

    clips: dict[str, list[tuple[str, int]]]
    """(recording, start) of each clip, by set."""
    features: dict[str, np.ndarray]
    """(n, d) float64, by set."""
    sha256: str
    """Checksum of the weights file."""


def write_real_features(
    recordings: RecordingSet,
    *,
    sets: Sequence[str],
    clips: int,
    i3d_weights: str | Path,
    path: str | Path,
    device: str = "cpu",
    extract: Extract | None = None,
) -> None:
    """Compute the features of the true clips of every set and write them as npz.

    ``recordings`` with their split; ``clips`` is the number of clips in a set (see
    ``choose_clips``). ``extract`` takes the place of the I3D of ``i3d_weights``. Raises UserError
    where frames are missing.
    """
    extract = extract or i3d_extractor(i3d_weights, device)
    arrays: dict[str, np.ndarray] = {"sha256": np.array(sha256_of(i3d_weights))}
    for set_name in sets:
        lengths = {name: recordings.length(name) for name in recordings.members(set_name)}
        places = choose_clips(lengths, clips)
        features = extract(read_clips(recordings, places)) if places else np.empty((0, 1))
        arrays[f"{set_name}.features"] = features
        arrays[f"{set_name}.recordings"] = np.array([name for name, _ in places], dtype=str)
        arrays[f"{set_name}.starts"] = np.array([start for _, start in places], dtype=int)
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def read_clips(recordings: RecordingSet, places: Sequence[tuple[str, int]]) -> np.ndarray:
    """The true frames of clips (recording, first frame): (n, 10, H, W) uint8."""
    return np.stack([recordings.video(name, start, start + CLIP_LENGTH) for name, start in places])


def read_real_features(path: str | Path) -> RealFeatures:
    """Read what ``write_real_features`` wrote; UserError where the file is missing."""
    if not Path(path).exists():
        raise UserError(f"{path} does not exist: run the rule real_features.")
    with reading(path, "delete it and call snakemake again"), np.load(path) as arrays:
        sets = [name.removesuffix(".features") for name in arrays if name.endswith(".features")]
        return RealFeatures(
            clips={
                s: [
                    (str(recording), int(start))
                    for recording, start in zip(
                        arrays[f"{s}.recordings"], arrays[f"{s}.starts"], strict=True
                    )
                ]
                for s in sets
            },
            features={s: arrays[f"{s}.features"] for s in sets},
            sha256=str(arrays["sha256"]),
        )


@dataclass(frozen=True)
class ClipDistance:
    """Features of the true clips, and the network that gives those of generated clips."""

    real: RealFeatures
    extract: Extract


def open_clip_distance(
    real_features: str | Path,
    i3d_weights: str | Path,
    device: str = "cpu",
    extract: Extract | None = None,
) -> ClipDistance:
    """Open the file of `write_real_features` and the network of ``i3d_weights``.

    ``extract`` takes the place of the network. Raises UserError where a file is missing, and for
    features that other weights have given.
    """
    real = read_real_features(real_features)
    if real.sha256 != sha256_of(i3d_weights):
        raise UserError(
            f"{real_features} was made with other weights than {i3d_weights}: delete it and run "
            "the rule real_features again."
        )
    return ClipDistance(real, extract or i3d_extractor(i3d_weights, device))


def clip_distances(
    content: Generated, set_name: str, distance: ClipDistance, resamples: int, seed: int
) -> dict[str, dict]:
    """Distances between the first draw of each clip and the true clips of a set.

    The real clips compared with are those that the system has, so both sides have the same n.
    Returns ``{n, value, low, high, network, sha256, warning}`` for ``fvd`` (Fréchet) and ``kvd``
    (kernel; of two recordings or more), nothing for an empty set; low and high are None for a
    single recording. Raises UserError where clips are missing, or are others than the true ones.
    """
    real, generated = distance.real, content.first_draws()
    wanted = real.clips.get(set_name, [])
    present = [index for index, clip in enumerate(wanted) if clip in generated]
    missing = [r for r, s in wanted if (r, s) not in generated and r not in content.skipped]
    if len(present) < len(generated) or (missing and not content.attributes["fewer_clips"]):
        raise UserError(
            f"{content.path} holds other clips of {set_name} than the set has now: delete it and "
            "run the generate stage again."
        )
    if not present:
        return {}
    clips = [wanted[index] for index in present]
    recordings = [recording for recording, _ in clips]
    features = distance.extract(np.array([generated[clip] for clip in clips]))
    truth, found = real.features[set_name][present], {}
    few = len(clips) < FEATURE_DIMENSION
    warnings = {"fvd": f"warning: n = {len(clips)} is below {FEATURE_DIMENSION}"} if few else {}
    kernels = {
        "fvd": FrechetKernel(features, truth),
        "kvd": PolynomialKernel(features, truth, recordings=(recordings, recordings)),
    }
    for name, kernel in kernels.items():
        interval = bootstrap_clips(kernel, recordings, recordings, resamples=resamples, seed=seed)
        if np.isnan(interval.value):  # a kernel distance within one recording
            continue
        found[name] = {
            "n": interval.n,
            "value": interval.value,
            "low": None if np.isnan(interval.low) else interval.low,
            "high": None if np.isnan(interval.high) else interval.high,
            "network": NETWORK,
            "sha256": real.sha256,
            "warning": warnings.get(name, ""),
        }
    return found
