"""Video and sound files (PyAV): open within bounds, decode, lay onto a clock, encode."""
