"""How fast generation is: seconds of video a second, and how much of the matrix rate it reaches.

    python benchmarks/generate.py --batch 1 16

Videos of two windows, side by side, with the sampler of the configuration's first run.
"""

from workloads import Work, generation, main

WINDOWS = 2


def videos(config: dict, device: str, batch: int, channels_last: bool) -> Work:
    """What is timed."""
    return generation(config, device, batch, WINDOWS, channels_last)


def configured(config: dict) -> int:
    """Videos generated side by side."""
    return config["evaluation"]["batch"]


if __name__ == "__main__":
    main(__doc__, videos, "s of video", configured, channels_last=False)
