"""``cadent verify``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ..processes import requirements


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="compare all points of two data folders or keyspaces",
        description="Compare all points of all paths of A with those of B, at each step that both keep. Neither is changed. What "
        "a running service has not written yet is not compared. The exit status is 1 if something differs.",
    )
    for flag, name in (("--from", "A"), ("--to", "B")):
        parser.add_argument(flag, required=True, metavar=name, help="a data folder, or cassandra://HOST/KEYSPACE")
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file with ladders and logins of a keyspace")
    parser.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    requirements.check()
    from ..copying.comparison import Comparison  # noqa: PLC0415 - needs compiled modules
    from ..copying.opening import open_stock  # noqa: PLC0415 - needs compiled modules
    from ..copying.pairing import Pairing  # noqa: PLC0415 - needs compiled modules

    here, there = (open_stock(place, options.config) for place in (getattr(options, "from"), options.to))
    comparison = Comparison(Pairing(here, there, time.time()))
    for line in comparison.lines():
        print(line, flush=True)
    print(comparison)
    return 1 if comparison.differing or comparison.missing else 0
