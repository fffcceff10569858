"""What a model does with the speech of people whom nobody filmed."""
