"""The flag that commands share."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_data(parser: argparse.ArgumentParser) -> None:
    """The flag by which a command finds the running service."""
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("cadent-data"),
        metavar="DIR",
        help="data folder of the running service (default ./cadent-data)",
    )
