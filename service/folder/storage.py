"""Opens a data folder for writing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...accumulate.accumulator import Accumulator
from ...accumulate.limits import Limits
from ...index.living import read_living
from ...index.names import NamesLog
from ...query.cut import level_span
from ...schema.errors import ConfigError
from ...schema.identity import Level
from ...schema.protocols import ChunkStore, NewNames
from ...schema.resolution import format_duration
from ...stores import layout
from ...stores.files.store import FilesStore
from ...stores.log.folder import LogFiles
from ...stores.log.segment import ALL_SEQUENCES
from ...writers.days import SeenDays
from ...writers.engine import Engine
from ...writers.recovery import recover
from ..config.settings import Config
from .reading import levels, log_readers

if TYPE_CHECKING:
    from ..cluster.writing import Cluster


@dataclass(frozen=True)
class Storage:
    """A data folder that this process writes. ``close`` when nothing more is handed to the engine. ``levels``: all that have a
    log. ``cluster``: where its chunks are, if they are not in the folder."""

    accumulator: Accumulator
    engine: Engine
    store: ChunkStore
    logs: LogFiles
    levels: Sequence[Level]
    cluster: Cluster | None
    _kept: contextlib.ExitStack

    @classmethod
    def open(cls, config: Config, now: float, failed: Callable[[BaseException], object]) -> Storage:
        """Take up what is there. ``failed`` as for Engine. Raises FolderLocked, Damaged, StoreError, Unavailable, and
        ConfigError if a policy is missing."""
        folder, policies = config.store.data, config.policies
        _check_policies(config)
        with contextlib.ExitStack() as opening:
            cluster = _open_cluster(config, failed) if config.uses_cassandra else None
            store = cluster.store if cluster else FilesStore(folder, write=True)
            opening.callback(cluster.close if cluster else store.close)
            logs = LogFiles(folder, config.store.writer)
            found = recover(logs, store, levels(policies))
            names, known = NamesLog.open_with_names(folder, found.next_id)
            opening.callback(names.close)
            days = SeenDays()
            days.load(known.ids, known.first, known.last)
            engine = Engine(
                names,
                found.logs,
                store,
                days,
                found.last_sequence,
                policies,
                now,
                monotonic=time.monotonic,
                failed=failed,
                publishing=cluster.publishing if cluster else None,
            )
            limits = Limits(config.store.open_windows_bytes, config.store.grace_s, paths=config.store.max_metrics)
            accumulator = Accumulator(policies, limits, names.next_id, now, newest=_newest(config, store))
            for batch in known.names():
                accumulator.load(batch)
            if cluster:
                cluster.start()
            return cls(accumulator, engine, store, logs, tuple(found.logs), cluster, opening.pop_all())

    def close(self) -> None:
        self._kept.close()


def _open_cluster(config: Config, failed: Callable[[BaseException], object]) -> Cluster:
    from ..cluster.writing import Cluster  # noqa: PLC0415 -- a service with files does not need the driver

    _refuse_blocks(config)
    return Cluster.open(config, failed)


def _refuse_blocks(config: Config) -> None:
    """Raises ConfigError if the folder has chunks of its own: nobody would read or expire them."""
    if (config.store.data / "manifest").exists():
        raise ConfigError(
            f"{config.store.data} has chunks in files; give a new folder with --data for chunks in {config.store.chunks}, and "
            "bring them over with cadent copy"
        )


def _check_policies(config: Config) -> None:
    """ConfigError if a policy that paths have is in the configuration no more."""
    folder = config.store.data
    gone = {level.policy for level in layout.levels(folder)} - {policy.name for policy in config.policies}
    if not gone:
        return
    for names in read_living(folder).names():
        if names.policy in gone:
            raise _missing(names, folder)


def _missing(names: NewNames, folder: Path) -> ConfigError:
    path = bytes(names.paths[: names.lengths[0]]).decode()
    steps = ", ".join(format_duration(level.step_s) for level in layout.levels(folder) if level.policy == names.policy)
    return ConfigError(
        f"policy {names.policy!r} is not configured, and paths in {folder} have it for life, {path!r} for one: put its "
        f"[[policy]] table back, with the steps {steps}; match = '(?!)' keeps it from getting more paths"
    )


def _newest(config: Config, store: ChunkStore) -> int | None:
    """Unix second at which the newest stored window ends."""
    snapshot, logs = store.snapshot(), log_readers(config.store.data, config.policies)
    spans = [level_span(snapshot, logs, level, ALL_SEQUENCES) for level in levels(config.policies)]
    return max((span[1] for span in spans if span), default=None)
