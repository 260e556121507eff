"""Whoever writes the data folder that a command is for."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...schema.errors import WriterGone
from ..config.file import read_config
from ..config.settings import Config, SettingName
from ..control.client import ControlClient
from ..folder.served import last_config, refuse_other_folders
from ..processes import requirements
from .data import add_data

if TYPE_CHECKING:
    from ..control.changes import Call


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that ``writer_of`` needs."""
    add_data(parser)
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="TOML file with policies and ladder, for when no service runs (default: what the last service had)",
    )


@contextlib.contextmanager
def writer_of(options: argparse.Namespace) -> Iterator[Call]:
    """The running service, or else this process, which opens the folder. Raises FolderLocked, StoreError, ConfigError."""
    requirements.check()
    from ..folder.offline import OfflineWriter  # noqa: PLC0415 - needs compiled modules

    client = ControlClient(options.data)
    with contextlib.closing(client):
        if _answers(client):
            yield client.call
            return
    writer = OfflineWriter(offline_config(options))
    with contextlib.closing(writer):
        yield writer.call


def offline_config(options: argparse.Namespace) -> Config:
    """What holds for the folder while no service runs."""
    refuse_other_folders(options.data)
    config = read_config(options.config, {}) if options.config else last_config(options.data)
    return config.replace({SettingName("store", "data"): options.data.resolve()})


def _answers(client: ControlClient) -> bool:
    try:
        client.ask("health")
    except WriterGone:
        return False
    return True
