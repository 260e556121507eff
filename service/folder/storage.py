"""Opens a data folder for writing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...accumulate.accumulator import Accumulator
from ...accumulate.limits import Limits
from ...index.living import read_living
from ...index.names import NamesLog
from ...query.cut import level_span
from ...schema.errors import ConfigError
from ...schema.identity import Level
from ...schema.protocols import NewNames
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

# Group and replica. One writer is a group of one.
WRITER = "main/1"


@dataclass(frozen=True)
class Storage:
    """A data folder that this process writes. ``close`` when nothing more is handed to the engine. ``levels``: all that have a
    log."""

    accumulator: Accumulator
    engine: Engine
    store: FilesStore
    logs: LogFiles
    levels: Sequence[Level]
    _kept: contextlib.ExitStack

    @classmethod
    def open(cls, config: Config, now: float, failed: Callable[[BaseException], object]) -> Storage:
        """Take up what is there. ``failed`` as for Engine. Raises FolderLocked, Damaged, StoreError, Unavailable, and
        ConfigError if a policy is missing."""
        folder, policies = config.store.data, config.policies
        _check_policies(config)
        with contextlib.ExitStack() as opening:
            store = FilesStore(folder, write=True)
            opening.callback(store.close)
            logs = LogFiles(folder, WRITER)
            found = recover(logs, store, levels(policies))
            names, known = NamesLog.open_with_names(folder, found.next_id)
            opening.callback(names.close)
            days = SeenDays()
            days.load(known.ids, known.first, known.last)
            engine = Engine(
                names, found.logs, store, days, found.last_sequence, policies, now, monotonic=time.monotonic, failed=failed
            )
            limits = Limits(config.store.open_windows_bytes, config.store.grace_s, paths=config.store.max_metrics)
            accumulator = Accumulator(policies, limits, names.next_id, now, newest=_newest(config, store))
            for batch in known.names():
                accumulator.load(batch)
            return cls(accumulator, engine, store, logs, tuple(found.logs), opening.pop_all())

    def close(self) -> None:
        self._kept.close()


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


def _newest(config: Config, store: FilesStore) -> int | None:
    """Unix second at which the newest stored window ends."""
    snapshot, logs = store.snapshot(), log_readers(config.store.data, config.policies)
    spans = [level_span(snapshot, logs, level, ALL_SEQUENCES) for level in levels(config.policies)]
    return max((span[1] for span in spans if span), default=None)
