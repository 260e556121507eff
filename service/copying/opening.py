"""Opens a place for reading, whatever it is."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

from ...index.path_index import TrieIndex
from ...query.origin import Origin, Store
from ...schema.errors import ConfigError, Unavailable
from ...schema.head import NoHead
from ...stores.cassandra.settings import SCHEME
from ...stores.files.store import FilesStore
from ..config.file import read_config
from ..config.settings import Config, SettingName
from ..folder.reading import log_readers
from ..folder.served import last_config, path_in, refuse_other_folders
from ..processes import requirements
from .stock import Stock


def open_stock(place: str, file: Path | None) -> Stock:
    """``place``: a data folder, or ``cassandra://host/keyspace``; ``file``: a configuration with ladders and logins. What a
    service on the folder has not written yet is not in it. Raises ConfigError, StoreError, Unavailable."""
    if place.startswith(SCHEME):
        return _of_keyspace(place, file)
    config = config_of(Path(place), file)
    return stock_of(config, FilesStore(config.store.data))


def config_of(folder: Path, file: Path | None) -> Config:
    """That of the last service on a data folder, or else that of ``file``. Raises StoreError, ConfigError."""
    refuse_other_folders(folder)
    config = read_config(file, {}) if file and not path_in(folder).exists() else last_config(folder)
    if config.uses_cassandra:
        raise ConfigError(f"the chunks of {folder} are in {config.store.chunks}: name that instead")
    return config.replace({SettingName("store", "data"): folder.resolve()})


def stock_of(config: Config, store: Store) -> Stock:
    """Of a data folder with its chunks in ``store``."""
    folder = config.store.data
    index = TrieIndex(folder)
    index.start()
    origin = Origin(config.store.writer, store, log_readers(folder, config.policies), NoHead())
    return Stock.of(config.policies, lambda: (origin,), index)


def _of_keyspace(address: str, file: Path | None) -> Stock:
    requirements.check_driver()
    from ..cluster.opening import keyspace_of  # noqa: PLC0415 - needs the driver

    config = read_config(file, {SettingName("store", "chunks"): ("--from or --to", address)})
    config = config.replace({SettingName("service", "read_only"): True, SettingName("cassandra", "layout"): _layout(config)})
    keyspace = keyspace_of(config, NoHead())
    if not keyspace.origins():
        raise Unavailable(f"{address}: there is no writer whose points could be read")
    for writer, error in keyspace.index.behind.items():
        raise Unavailable(f"the paths of writer {writer} cannot be read: {error}")
    return Stock.of(config.policies, keyspace.origins, keyspace.index)


def _layout(config: Config) -> str:
    """That of the keyspace. Who serves waits for a server; who copies wants to know what is wrong. Raises ConfigError,
    Unavailable."""
    from ...stores.cassandra.ddl import layout_of  # noqa: PLC0415 - needs the driver
    from ...stores.cassandra.link import Link  # noqa: PLC0415 - needs the driver
    from ..cluster.settings import cluster_settings  # noqa: PLC0415 - needs the driver

    if config.cassandra.layout == "seed":
        return "seed"  # its tables may have other names
    settings = dataclasses.replace(cluster_settings(config), create=False)
    with contextlib.closing(Link.open(settings)) as link:
        found = layout_of(link)
    if found is None:
        raise ConfigError(f"{settings.place}: there are no data of cadent")
    return found[0]
