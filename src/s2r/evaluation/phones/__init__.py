"""Phones read from the picture by a recogniser that is fitted on true video."""
