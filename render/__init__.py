"""Graphite's targets and functions, over arrays."""
