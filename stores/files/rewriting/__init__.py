"""Blocks made of other blocks: merged, or without some of their points."""
