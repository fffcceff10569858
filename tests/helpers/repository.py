"""Where things are: the repository, its downloaded weights, and recordings kept beside it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""

HELPERS = ROOT / "tests" / "helpers"

WEIGHTS = ROOT / "weights"
"""What the workflow has fetched, where it has run here."""

RECORDINGS = ROOT.parent / "shared" / "data"
"""Real recordings, which are no part of the project; tests that use them are skipped elsewhere."""
