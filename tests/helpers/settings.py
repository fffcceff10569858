"""Configurations with a few keys changed, and runs to put into them."""

import copy

NEW_RUN = {"encoder": "logmel", "pooling": False, "preset": "s2r"}
PAPER_RUN = NEW_RUN | {"preset": "paper"}


def change(config: dict, changes: dict) -> dict:
    """``config`` with ``changes`` {dotted key: value} put in; names of runs may hold dots."""
    config = copy.deepcopy(config)
    for key, value in changes.items():
        *path, last = key.split("/")
        block = config
        for name in path:
            block = block.setdefault(name, {})
        block[last] = value
    return config
