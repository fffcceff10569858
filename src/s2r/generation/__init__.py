"""Stage 5, generated videos: of test sets, of baselines, of anybody's speech."""
