"""Metrics as plain functions over arrays."""
