"""Configuration files, merged as Snakemake merges them."""

from collections.abc import Iterable
from pathlib import Path

import yaml

from s2r.config.check import complete
from s2r.core.errors import UserError


def read_files(paths: Iterable[str | Path]) -> dict:
    """The checked and complete configuration of YAML files, each laid over the ones before it.

    Raises UserError where a file cannot be read, is not YAML, or holds invalid settings.
    """
    config: dict = {}
    for path in map(Path, paths):
        try:
            content = yaml.safe_load(path.read_text())
        except OSError as error:
            raise UserError(
                f"{path} cannot be read ({error.strerror}): run this in the project's folder."
            ) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise UserError(f"{path} is not readable YAML: {_in_one_line(error)}.") from error
        if not isinstance(content, dict):
            raise UserError(f"{path} holds no keys: write them as `key: value`.")
        merge(config, content)
    return complete(config)


def merge(base: dict, overlay: dict) -> None:
    """Lay ``overlay`` over ``base``, key by key, in place."""
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
