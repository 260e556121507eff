"""``cadent schema``: the keyspace and its tables, for who makes or watches them himself."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...schema.errors import ConfigError
from ..config.file import read_config
from ..config.settings import Config, SettingName
from ..processes import requirements

if TYPE_CHECKING:  # they take the driver
    from ...stores.cassandra.link import Link
    from ...stores.cassandra.settings import ClusterSettings

_CHUNKS = SettingName("store", "chunks")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "schema",
        help="print, make or compare the tables in Cassandra",
        description="The keyspace and the tables that cadent serve needs in Cassandra for the ladders of its policies.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add(actions, "print", _print, "print the CQL that makes all of it; no server is asked")
    _add(actions, "apply", _apply, "make what is missing, also where create = false forbids it to cadent serve")
    _add(actions, "diff", _diff, "say what is missing or otherwise; the exit status is 1 if something is")


def _add(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    help_text: str,
) -> None:
    parser = actions.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
    parser.add_argument("--store", metavar="URL", help="the keyspace: cassandra://HOST/KEYSPACE (default: that of --config)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file with ladders and login (default: none)")
    parser.set_defaults(run=run)


def _print(options: argparse.Namespace) -> int:
    config = _config(options)
    from ...stores.cassandra.ddl import statements  # noqa: PLC0415 - needs the driver
    from ..cluster.writing import longest_ttls  # noqa: PLC0415 - needs compiled modules

    made = statements(_settings(config), longest_ttls(config.policies))
    print("\n\n".join(f"{statement};" for statement in made.values()))
    return 0


def _apply(options: argparse.Namespace) -> int:
    config = _config(options)
    from ...stores.cassandra.ddl import create  # noqa: PLC0415 - needs the driver
    from ..cluster.writing import longest_ttls  # noqa: PLC0415 - needs compiled modules

    settings = replace(_settings(config), create=True)
    with _link(settings) as link:
        made = create(link, settings, longest_ttls(config.policies))
    print(f"{settings.place}: made {', '.join(made)}" if made else f"{settings.place}: nothing is missing")
    return 0


def _diff(options: argparse.Namespace) -> int:
    config = _config(options)
    from ...stores.cassandra.differences import differences  # noqa: PLC0415 - needs the driver
    from ..cluster.writing import longest_ttls  # noqa: PLC0415 - needs compiled modules

    settings = replace(_settings(config), create=False)  # who only looks makes no keyspace
    with _link(settings) as link:
        found = differences(link, settings, longest_ttls(config.policies))
    print("\n".join(found) if found else f"{settings.place}: nothing differs")
    return 1 if found else 0


def _config(options: argparse.Namespace) -> Config:
    """Raises ConfigError if it names no keyspace, ServiceError if something is not installed."""
    config = read_config(options.config, {} if options.store is None else {_CHUNKS: ("--store", options.store)})
    if not config.uses_cassandra:
        raise ConfigError("chunks in files need no schema; name a keyspace with --store cassandra://HOST/KEYSPACE")
    requirements.check()
    requirements.check_driver()
    return config


def _settings(config: Config) -> ClusterSettings:
    from ..cluster.settings import cluster_settings  # noqa: PLC0415 - needs the driver

    return cluster_settings(config)


def _link(settings: ClusterSettings) -> contextlib.closing[Link]:
    from ...stores.cassandra.link import Link  # noqa: PLC0415 - needs the driver

    return contextlib.closing(Link.open(settings))
