"""Arithmetic on arrays of points: the chunk codec, merging and rolling up."""
