"""``cadent policy import``: carbon's files as tables of the configuration."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...schema.errors import ConfigError
from ..config.carbon_rules import read_aggregation, read_schemas
from ..config.file import from_toml, read_text


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "policy import",
        help="turn carbon's storage-schemas.conf into policies",
        description="Print carbon's storage-schemas.conf and storage-aggregation.conf as [[policy]] and [[statistic]] tables.",
    )
    parser.add_argument("--schemas", type=Path, required=True, metavar="FILE", help="carbon's storage-schemas.conf")
    parser.add_argument(
        "--aggregation", type=Path, metavar="FILE", help="carbon's storage-aggregation.conf (default: by the path's last segment)"
    )
    parser.add_argument("--into", type=Path, metavar="FILE", help="append them to this configuration instead of printing them")
    parser.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> int:
    imported = read_schemas(options.schemas)
    if options.aggregation is not None:
        imported += read_aggregation(options.aggregation)
    tables = "\n".join(map(str, imported))
    if options.into is None:
        from_toml(tables, str(options.schemas))  # too many policies are told here, not at the next start
        print(tables, end="")
    else:
        _append(tables, options.into)
        print(f"{options.into} has {len(imported)} more tables; they hold from the next start of cadent serve --config on.")
    return 0


def _append(tables: str, file: Path) -> None:
    """Nothing is written unless the whole file can be used."""
    before = read_text(file) if file.exists() else ""
    separator = "\n" if not before or before.endswith("\n") else "\n\n"
    added = separator + tables if before else tables
    from_toml(before + added, str(file))
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(added)
    except OSError as error:
        raise ConfigError(f"cannot write the configuration {file}: {error.strerror}") from None
