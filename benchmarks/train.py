"""How fast training is: clips per second, and how much of the device's matrix rate it reaches.

    python benchmarks/train.py --batch 4 16

One step of training on random data, for the configuration's first run: windows drawn, forward and
backward pass, optimiser, average of the weights.
"""

from workloads import first_settings, main, training_step


def configured(config: dict) -> int:
    """Clips of a step."""
    return first_settings(config)["training"]["batch"]


if __name__ == "__main__":
    main(__doc__, training_step, "clip", configured, channels_last=True)
