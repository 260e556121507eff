"""The command line: which benchmarks run, and where their table goes."""

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

from . import machine
from .table import Row, insert, render

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
NAMES = (
    "ingest",
    "cold",
    "live",
    "disk",
    "find",
    "query",
    "render",
    "backfill",
    "upkeep",
    "restart",
    "long",
    "snapshot",
    "churn",
    "scale",
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description="Measure the figures of docs/performance.md.")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="these benchmarks; the page is left alone")
    parser.add_argument("--quick", action="store_true", help="small loads, to try the programs; the page is left alone")
    return parser.parse_args()


def measure(name: str, *, quick: bool) -> list[Row]:
    print(f"-- {name}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix=f"cadent-{name}-") as folder:
        return importlib.import_module(f"benchmarks.{name}").measure(Path(folder), quick=quick)


def main() -> int:
    options = arguments()
    rows = [row for name in options.only for row in measure(name, quick=options.quick)]
    report = f"{machine.describe()}\n\n{render(rows)}"
    print(report)
    if not options.quick and tuple(options.only) == NAMES:
        insert(PAGE, report)
    return 0
