"""The engine: closed windows to the log, the log to chunks."""
