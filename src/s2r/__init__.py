"""s2r: real-time MRI video of the vocal tract, generated from speech."""

__version__ = "0.1.0"
