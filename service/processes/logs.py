"""The service's own log lines: one line each on stderr, with time and level."""

from __future__ import annotations

import logging
import time
import traceback
from types import TracebackType


class OneLine(logging.Formatter):
    """``2024-01-01T12:00:00Z info writer: words``; of an exception what and where, on the same line."""

    converter = staticmethod(time.gmtime)

    def __init__(self, role: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {role}: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        record.levelname = record.levelname.lower()
        return super().format(record).replace("\n", " | ")

    def formatException(  # noqa: N802 - logging's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        if ei[1] is None:
            return ""
        frames = traceback.extract_tb(ei[2])[-6:]
        where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
        return f"{type(ei[1]).__name__}: {ei[1]} at {where}"


def set_up(role: str, level: str) -> None:
    """Send everything logged in this process to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(role))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
