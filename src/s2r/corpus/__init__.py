"""Stage 1, the recordings: finding them, checking them, and splitting them into sets."""
