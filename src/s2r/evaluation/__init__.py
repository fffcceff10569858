"""Stage 6, scores: what is measured, with what, on clips, recordings and words."""
