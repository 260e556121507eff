"""``cadent delete`` and ``cadent rename``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone, tzinfo
from typing import TYPE_CHECKING

from ...schema.changes import Changes, Deleted, Deletion
from ...schema.times import parse_time
from .writer import add_flags, writer_of

if TYPE_CHECKING:
    from ..control.changes import Call

# Paths that are shown of all.
_SHOWN = 10
# More than there can be.
_NO_LIMIT = 2**31 - 1


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands."""
    delete = commands.add_parser(
        "delete",
        help="delete paths, or their points of some time",
        description="Delete the paths that patterns match, or with --from or --to only their points between. Nothing is asked: "
        "try --dry-run first. A line that comes for a deleted path makes a new one, without the old points.",
    )
    delete.add_argument("pattern", nargs="+", help="such as 'servers.web-1.*'; with .** at its end all below")
    delete.add_argument("--from", dest="after", metavar="TIME", help="such as -2d or unix seconds (default: the beginning)")
    delete.add_argument("--to", dest="until", metavar="TIME", help="as --from (default: the end)")
    delete.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    delete.set_defaults(run=_delete)
    rename = commands.add_parser(
        "rename",
        help="give a path or a branch another name",
        description="Give a path, or a branch and all below it, another name. The points stay with it. A path that is there "
        "already is not overwritten.",
    )
    rename.add_argument("old", help="such as servers.web-1")
    rename.add_argument("new", help="such as servers.web-01")
    rename.set_defaults(run=_rename)
    for parser in (delete, rename):
        add_flags(parser)


def _delete(options: argparse.Namespace) -> int:
    wanted = Deletion(options.pattern, _seconds(options.after), _seconds(options.until), options.dry_run)
    with writer_of(options) as call:
        deleted = _changes(options, call).delete(wanted)
    print("\n".join(_lines(wanted, deleted)))
    return 0


def _rename(options: argparse.Namespace) -> int:
    with writer_of(options) as call:
        pairs = _changes(options, call).rename(options.old, options.new)
    print("\n".join([f"{len(pairs):,} renamed", *_first([f"{old} -> {new}" for old, new in pairs])]))
    return 0


def _changes(options: argparse.Namespace, call: Call) -> Changes:
    from ...index.path_index import TrieIndex  # noqa: PLC0415 - needs compiled modules
    from ..control.changes import WriterChanges  # noqa: PLC0415 - needs compiled modules

    return WriterChanges(TrieIndex(options.data), call, _NO_LIMIT)


def _seconds(text: str | None) -> int | None:
    """A time in this machine's zone."""
    return None if text is None else parse_time(text, time.time(), _here())


def _here() -> tzinfo:
    return datetime.now().astimezone().tzinfo or timezone.utc


def _lines(wanted: Deletion, deleted: Deleted) -> Iterator[str]:
    would = "would be " if wanted.dry_run else ""
    if not wanted.is_of_points:
        yield f"{len(deleted.paths):,} paths {would}deleted"
    for erased in deleted.erased:
        start, stop = (datetime.fromtimestamp(seconds).astimezone() for seconds in (erased.start, erased.stop))
        yield f"points from {start:%Y-%m-%d %H:%M:%S %z} to {stop:%Y-%m-%d %H:%M:%S %z} {would}erased (policy {erased.policy})"
    if wanted.is_of_points:
        yield f"of {len(deleted.paths):,} paths"
    yield from _first(deleted.paths)


def _first(items: Sequence[str]) -> Iterator[str]:
    yield from (f"  {item}" for item in items[:_SHOWN])
    if len(items) > _SHOWN:
        yield f"  and {len(items) - _SHOWN:,} more"
