"""Stage 5, generated videos: of test sets, of baselines and of any speech."""
