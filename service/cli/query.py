"""``cadent find`` and ``cadent fetch``: ask the running service."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ...schema.statistic import Statistic
from .api_client import ApiClient
from .data import add_data


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands."""
    find = commands.add_parser(
        "find", help="list the nodes that a pattern matches", description="List the nodes that a pattern matches."
    )
    find.add_argument("pattern", help="such as 'servers.*.cpu.{user,system}'")
    find.set_defaults(run=_find)
    fetch = commands.add_parser("fetch", help="print the points of paths", description="Print the points of paths.")
    fetch.add_argument("target", nargs="+", help="a path or pattern; several are allowed")
    fetch.add_argument(
        "--from", dest="after", default="-1h", metavar="TIME", help="such as -10min, -2d or unix seconds (default -1h)"
    )
    fetch.add_argument("--until", default="now", metavar="TIME", help="as --from (default now)")
    fetch.add_argument(
        "--agg", choices=[str(s) for s in Statistic], help="statistic to show (default: by the path's last segment)"
    )
    fetch.set_defaults(run=_fetch)
    for parser in (find, fetch):
        add_data(parser)
        parser.add_argument("--json", action="store_true", help="print the service's JSON answer")


def _find(options: argparse.Namespace) -> int:
    nodes = ApiClient(options.data).get("find", [("query", options.pattern)])
    if options.json:
        print(json.dumps(nodes))
        return 0
    for node in nodes:
        # A dot at the end: there is more below. A node can be both.
        if node["leaf"]:
            print(node["path"])
        if node["expandable"]:
            print(f"{node['path']}.")
    return 0


def _fetch(options: argparse.Namespace) -> int:
    parameters = [("target", target) for target in options.target]
    parameters += [("from", options.after), ("until", options.until)]
    if options.agg:
        parameters.append(("agg", options.agg))
    answer = ApiClient(options.data).get("metrics", parameters)
    if options.json:
        print(json.dumps(answer))
        return 0
    print("\n".join(_tables(answer["series"])))
    return 0


def _tables(series: dict[str, list[Sequence[Any]]]) -> Iterator[str]:
    """A table for each path: time in this machine's zone, value. Gaps are left out."""
    if not series:
        yield "no path matches"
    for path, values in sorted(series.items()):
        yield path
        points = [(datetime.fromtimestamp(time).astimezone(), value) for value, time in values if value is not None]
        yield from (f"  {time:%Y-%m-%d %H:%M:%S %z}  {value:>16.12g}" for time, value in points)
        if not points:
            yield "  no points in this time"
