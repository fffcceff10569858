"""The phantom: a numerical vocal tract, and a synthetic corpus whose true shapes are known."""
