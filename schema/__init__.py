"""The model: what a path, a point, a ladder and a store are. Imports nothing of ours."""
