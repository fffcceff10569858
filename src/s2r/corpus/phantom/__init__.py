"""A numerical phantom of the vocal tract: a synthetic corpus whose shapes are known."""
