"""Graphite's functions, a module for each family."""
