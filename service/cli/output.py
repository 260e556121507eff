"""Standard output whose reader may go away."""

from __future__ import annotations

import os
import sys


def abandon() -> None:
    """Nobody reads any more. What is still buffered goes nowhere; Python would complain about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
