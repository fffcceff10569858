"""The Python interface: `s2r.load`, and what it returns."""
