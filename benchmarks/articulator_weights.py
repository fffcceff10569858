"""What weighing the tongue in the loss does to the tongue, and to everything else (paper, IV.C).

    python benchmarks/articulator_weights.py results [--weights 1 3 10] [--seeds 0 1]

Trains the network of the mean of the default's first run again and again, with the pixels that the
tongue's contour passes over counting more, and compares the expected videos of the three test sets:
error of each articulator in mm, and squared error where the tongue moves and elsewhere in the
dynamic region. Takes about a minute a training on one core.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from small_models import SYSTEM, embeddings, read_config
from torch import Tensor

from s2r.config.build import build_part
from s2r.config.model_blocks import MeanNetwork, MeanTraining, ResidualNetwork
from s2r.config.parameters import run_settings
from s2r.config.systems import SETS
from s2r.core.units import to_levels
from s2r.evaluation.data import EvaluationData, open_evaluation_data
from s2r.evaluation.metrics.contours import contour_error_mm
from s2r.evaluation.metrics.paired import squared_error
from s2r.model.autoencoder import Autoencoder, load_autoencoder
from s2r.model.registration import warp
from s2r.model.utterance_model import UtteranceConfig, UtteranceModel
from s2r.model.utterance_sampling import mean_codes
from s2r.training.codes import load_codes
from s2r.training.fitting import training_recordings
from s2r.training.recording_codes import references_of
from s2r.training.utterance import fit_network, untrained
from s2r.training.utterance_loss import MeanLoss

NEAR_MM = 5.0
"""Pixels this near to the tongue's contour, in any frame, are where the tongue moves."""


class WeightedLoss(MeanLoss):
    """The loss of the mean with pixels of different weight."""

    def __init__(self, *arguments, root: Tensor):
        """``root`` (K, K): its product with its transpose is the weight of pairs of codes."""
        super().__init__(*arguments)
        self.root = root

    def error(self, difference: Tensor) -> Tensor:
        return (difference @ self.root).square().mean()


def tongue_map(data: EvaluationData, recording: str) -> np.ndarray:
    """(H, W) bool: where the tongue's contour passes in a recording."""
    contour = data.true_contours(recording)["tongue"]
    size = data.video(recording, 0, 1).shape[-1]
    pixel = data.field_mm / size
    centres = (np.arange(size) + 0.5) * pixel
    x, y = np.meshgrid(centres, centres)
    places = np.unique(np.round(contour.reshape(-1, 2)), axis=0)
    near = np.zeros((size, size), bool)
    for place_x, place_y in places[np.isfinite(places).all(1)]:
        near |= (x - place_x) ** 2 + (y - place_y) ** 2 < NEAR_MM**2
    return near


def weight_root(
    data: EvaluationData, names: list[str], autoencoder: Autoencoder, weight: float
) -> Tensor:
    """Root (K, K) of the weights of codes where the tongue's pixels count ``weight`` times."""
    maps = torch.from_numpy(np.stack([tongue_map(data, name) for name in names]))[:, None].float()
    speakers = autoencoder.speakers(references_of(data, names, "cpu"))
    placed = torch.cat(
        [
            warp(maps[k : k + 1], speakers[k : k + 1].registration.to_speaker)
            for k in range(len(names))
        ]
    )
    share = placed.mean(0).flatten()
    weights = 1 + (weight - 1) * share
    codes = autoencoder.components
    metric = (codes * weights) @ codes.T
    metric *= len(metric) / metric.trace()
    return torch.linalg.cholesky(metric)


@torch.inference_mode()
def scores(model: UtteranceModel, data: EvaluationData, recordings: list[str]) -> list[dict]:
    """Errors of the expected video of each recording."""
    codes = load_codes(model, data, recordings)
    speakers = model.autoencoder.speakers(references_of(data, recordings, "cpu"))
    rows = []
    for number, recording in enumerate(recordings):
        speaker = speakers[number : number + 1]
        speech = codes.speech[codes.part(number)][None]
        video = model.autoencoder.decode(mean_codes(model, speech, speaker.code)[0], speaker)
        levels = to_levels(video[:, 0])
        truth, tongue = data.video(recording), tongue_map(data, recording)
        row = {"recording": recording}
        for place, mask in (("tongue", tongue), ("elsewhere", data.instruments.region & ~tongue)):
            row[f"error x 1000, {place}"] = 1000 * squared_error(truth, levels, mask).mean()
        read, known = data.instruments.contours(levels), data.true_contours(recording)
        errors = {name: contour_error_mm(read[name], known[name]).mean() for name in read}
        rows.append(row | {f"{name}, mm": error for name, error in errors.items()})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--weights", type=float, nargs="+", default=[1, 3, 10])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    arguments = parser.parse_args()
    results = arguments.results
    settings = run_settings(read_config(), SYSTEM)
    instruments = results / "instruments"
    data = open_evaluation_data(
        {
            "frames": sorted((results / "frames").glob("*.h5")),
            "split": results / "split.csv",
            "recordings": results / "recordings.csv",
            "region": instruments / "region.npz",
            "probe": [instruments / "probe.safetensors"],
        }
    )
    data = replace(data, embeddings=embeddings(results, settings["encoder"]))
    autoencoder, _ = load_autoencoder(results / "autoencoder" / "autoencoder.safetensors")
    config = UtteranceConfig(
        autoencoder.config,
        build_part(MeanNetwork, settings["mean"]),
        build_part(ResidualNetwork, settings["residual"]),
        pooling=settings["pooling"],
    )
    names = training_recordings(data)
    rows = []
    for weight in arguments.weights:
        root = weight_root(data, names, autoencoder, weight)
        for seed in arguments.seeds:
            mean = replace(build_part(MeanTraining, settings["mean"]), seed=seed)
            model, codes = untrained(config, autoencoder, data, names, mean)
            everyone = np.arange(len(names))
            parts = (model, model.mean, codes, everyone, mean, config.mean.dropout)
            with TemporaryDirectory() as state:
                loss = WeightedLoss(*parts, root=root)
                model.mean, _ = fit_network(
                    loss, model.mean, mean, Path(state), None, "mean", "cpu", f"weight {weight:g}"
                )
            for set_name in SETS:
                members = data.members(set_name, 12)
                for row in scores(model.eval(), data, members):
                    rows.append({"weight": weight, "seed": seed, "set": set_name} | row)
    table = pd.DataFrame(rows).drop(columns="recording")
    by_seed = table.groupby(["set", "weight", "seed"], sort=False).mean()
    shown = by_seed.groupby(["set", "weight"], sort=False).mean().round(2)
    spread = by_seed.groupby(["set", "weight"], sort=False).std().mean().round(2)
    print(shown.reset_index().to_markdown(index=False))
    print("Standard deviation over seeds, mean of rows:", spread.to_dict())


if __name__ == "__main__":
    main()
