"""Stage 1, the recordings: which there are, which can be used, how they are split."""
