"""Phones read from the picture: a recogniser, fitted on true video, and what it reads off others."""
