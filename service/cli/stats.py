"""``cadent stats``: what the running service counts, and what it refused."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..control.client import ControlClient
from .data import add_data


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "stats",
        help="show counters and refused lines",
        description="Show the counters of the running service and the last 20 lines refused for each reason.",
    )
    add_data(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_stats)


def _stats(options: argparse.Namespace) -> int:
    control = ControlClient(options.data)
    stats, refused = control.ask("stats")["stats"], control.ask("refused")["refused"]
    control.close()
    if options.json:
        print(json.dumps({"stats": stats, "refused": refused}))
    else:
        print("\n".join([*_table(stats), *_refusals(refused)]))
    return 0


def _table(stats: Mapping[str, float]) -> Iterator[str]:
    width = max(map(len, stats))
    for name, value in sorted(stats.items()):
        yield f"{name:<{width}}  {value:>18,.10g}"


def _refusals(refused: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for reason, lines in sorted(refused.items()):
        yield f"\nrefused, {reason}: {lines['count']:,} lines; the last:"
        yield from (f"  {line}" for line in lines["last"])
