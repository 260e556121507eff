"""``cadent policy``: which policy holds for a path, and why."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...schema.errors import WriterGone
from ...schema.path import normalise
from ..config.decision import decide
from ..config.file import read_config
from ..control.client import ControlClient
from ..folder.served import last_config
from ..processes import requirements
from .data import add_data

if TYPE_CHECKING:  # it takes numpy
    from ...schema.protocols import NewNames


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "policy",
        help="say which policy holds for a path, and why",
        description="Say which policy holds for a path and why. The running service is asked, or else the folder is read. "
        "See also: cadent policy import --help.",
    )
    parser.add_argument("path", nargs="+", help="such as servers.web-1.load, as a line would give it")
    add_data(parser)
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="TOML file with policies, for when no service runs (default: what the last service had)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_policy)


def _policy(options: argparse.Namespace) -> int:
    paths = [normalise(path.encode(errors="surrogateescape")) for path in options.path]
    decisions = _decisions(options, paths)
    print(json.dumps(decisions) if options.json else "\n".join(line for one in decisions for line in _lines(one)))
    return 0


def _decisions(options: argparse.Namespace, paths: list[str]) -> list[dict[str, Any]]:
    try:
        return _asked(options.data, paths)
    except WriterGone:
        config = read_config(options.config, {}) if options.config else last_config(options.data)
        held = _held(options.data, set(paths))
        return [asdict(decide(config.policies, path, held.get(path))) for path in paths]


def _asked(folder: Path, paths: list[str]) -> list[dict[str, Any]]:
    """What the running service says. Raises WriterGone if none runs."""
    control = ControlClient(folder)
    try:
        return [control.request({"op": "policy", "path": path})[0]["decision"] for path in paths]
    finally:
        control.close()


def _held(folder: Path, wanted: set[str]) -> dict[str, str]:
    """The policy of each of the paths that ``folder`` knows."""
    requirements.check()
    from ...index.living import read_living  # noqa: PLC0415 - needs compiled modules, which no other command needs

    return {path: batch.policy for batch in read_living(folder).names() for path in wanted.intersection(_paths(batch))}


def _paths(names: NewNames) -> Iterator[str]:
    start = 0
    for length in names.lengths:
        yield names.paths[start : start + length].decode()
        start += length


def _lines(decision: Mapping[str, Any]) -> Iterator[str]:
    yield decision["path"]
    yield f"  policy     {decision['policy']}: {decision['policy_because']}"
    yield f"  ladder     {decision['ladder']}"
    yield f"  statistic  {decision['statistic']}: {decision['statistic_because']}"
