"""Scores: each is a function of arrays, and each is paired with its own ground truth."""
