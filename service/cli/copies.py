"""``cadent compact``, ``cadent snapshot`` and ``cadent restore``."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..folder.stored import stored_bytes
from ..processes import requirements
from .data import add_data
from .writer import add_flags, writer_of


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    compact = commands.add_parser(
        "compact",
        help="make chunks as few and small as they can be",
        description="Seal what the log holds, roll up and merge all that can be, and drop the points of deleted paths. The "
        "running service does it, or else this command. It ends when all is done.",
    )
    add_flags(compact)
    compact.set_defaults(run=_compact)
    snapshot = commands.add_parser(
        "snapshot",
        help="copy the data as they are now into a new folder",
        description="Make a new folder that holds all that a query would show now, while the service goes on. On the same file "
        "system it takes little time and room: files that do not change are shared.",
    )
    snapshot.add_argument("folder", type=Path, metavar="DIR", help="the new folder: not there yet, or empty")
    add_flags(snapshot)
    snapshot.set_defaults(run=_snapshot)
    back = commands.add_parser(
        "restore",
        help="make a data folder of a snapshot",
        description="Copy a snapshot into a new data folder, for cadent serve to begin with.",
    )
    back.add_argument("folder", type=Path, metavar="DIR", help="the snapshot")
    add_data(back)
    back.set_defaults(run=_restore)


def _compact(options: argparse.Namespace) -> int:
    with writer_of(options) as call:
        answer = call({"op": "compact"})
    print(f"{answer['before_bytes']:,} bytes before, {answer['after_bytes']:,} after")
    return 0


def _snapshot(options: argparse.Namespace) -> int:
    folder = options.folder.resolve()
    with writer_of(options) as call:
        answer = call({"op": "snapshot", "folder": str(folder)})
    print(f"{folder} holds {answer['bytes']:,} bytes of points")
    return 0


def _restore(options: argparse.Namespace) -> int:
    requirements.check()
    from ..folder.snapshot import restore  # noqa: PLC0415 - needs compiled modules

    folder = options.data.resolve()
    restore(options.folder.resolve(), folder)
    print(f"{folder} holds {stored_bytes(folder):,} bytes of points; start it with cadent serve --data {options.data}")
    return 0
