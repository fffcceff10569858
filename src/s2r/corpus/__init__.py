"""Corpora of real-time MRI recordings: what a recording is, where it lies, how it is split."""
