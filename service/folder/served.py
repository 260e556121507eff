"""How the last service on a data folder was configured: what works on the folder without one keeps to its ladders."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from pathlib import Path

from ...schema.errors import StoreError, Unavailable
from ...stores.disk import disk, replace_file
from ..config.file import from_toml, to_toml
from ..config.settings import Config, HttpSettings

_log = logging.getLogger(__name__)


def path_in(folder: Path) -> Path:
    """The file, a whole configuration as TOML, without what is secret."""
    return folder / "served.toml"


def note(config: Config) -> None:
    """A service with this configuration begins. A disk that does not take that is no reason not to."""
    path = path_in(config.store.data)
    public = dataclasses.replace(config.cassandra, password="")
    text = to_toml(dataclasses.replace(config, http=HttpSettings(), cassandra=public)).encode()
    with contextlib.suppress(OSError):
        if path.read_bytes() == text:
            return
    try:
        with disk(path):
            replace_file(path, text)
    except Unavailable as error:
        _log.warning("commands without a service will not know its ladders: %s", error)


def last_config(folder: Path) -> Config:
    """Of the last service on ``folder``. Raises StoreError if there was none, ConfigError."""
    path = path_in(folder)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StoreError(
            f"{path} is not there, so nobody knows the ladders of {folder}; give its configuration with --config"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from None
    return from_toml(text, str(path))


def refuse_other_folders(folder: Path) -> None:
    """Raises StoreError for a folder that no writer has ever had."""
    with disk(folder):
        if not (folder / "manifest").exists() and not (folder / "names").exists():
            raise StoreError(f"{folder} has no data of cadent; say with --data where they are")
