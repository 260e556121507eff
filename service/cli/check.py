"""``cadent check``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...schema.errors import ConfigError, WriterGone
from ..control.client import ControlClient
from ..folder.lock import lock_folder
from ..folder.served import refuse_other_folders
from ..processes import requirements
from .data import add_data

if TYPE_CHECKING:
    from ..folder.check import Finding


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="read all data and say what is damaged",
        description="Read every checksum of a data folder. Each damage is a line: the file, the place in it, and what is lost. "
        "The exit status is 1 if something is damaged. While a service runs, what it writes just now is left out.",
    )
    add_data(parser)
    parser.add_argument(
        "--repair",
        action="store_true",
        help="put what is damaged aside, in DIR/damaged, and keep the rest; not while a service runs",
    )
    parser.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    requirements.check()
    from ..folder.check import Check  # noqa: PLC0415 - needs compiled modules

    folder = options.data.resolve()
    refuse_other_folders(folder)
    if _is_running(folder):
        if options.repair:
            raise ConfigError(f"a service runs on {folder}; stop it before a repair")
        print("a service runs: the segments and names that it writes just now are not checked to their end")
        return _tell(Check(folder).of_unchanging())
    lock = lock_folder(folder)
    try:
        return _repair(folder) if options.repair else _tell(Check(folder).of_all())
    finally:
        os.close(lock)


def _is_running(folder: Path) -> bool:
    control = ControlClient(folder)
    try:
        control.ask("health")
    except WriterGone:
        return False
    finally:
        control.close()
    return True


def _tell(findings: Iterable[Finding]) -> int:
    damaged = 0
    for finding in findings:
        print(finding, flush=True)
        damaged += 1
    print(f"{damaged:,} damaged" if damaged else "nothing is damaged")
    return 1 if damaged else 0


def _repair(folder: Path) -> int:
    """What is found once more after a repair could not be repaired."""
    from ..folder.check import Check  # noqa: PLC0415 - needs compiled modules
    from ..folder.repair import Repair  # noqa: PLC0415 - needs compiled modules

    found = list(Check(folder).of_all())
    status = _tell(found)
    if status == 0:
        return 0
    Repair(folder).of(found)
    print(f"repaired: what was damaged is in {folder / 'damaged'}")
    left = list(Check(folder).of_all())
    for finding in left:
        print(f"still damaged: {finding}", file=sys.stderr)
    return 1 if left else 0
