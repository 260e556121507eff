"""The configuration: its settings, the files they come from, and which policy they give a path."""
