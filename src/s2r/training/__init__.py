"""Stage 4, training: data, losses, one loop, checkpoints, several processes."""
