"""Opens a data folder for writing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..accumulate.accumulator import Accumulator
from ..accumulate.limits import Limits
from ..index.names import NamesLog, read_days, read_names
from ..query.cut import level_span
from ..stores.files.store import FilesStore
from ..stores.log.folder import LogFiles
from ..stores.log.segment import ALL_SEQUENCES
from ..writers.days import SeenDays
from ..writers.engine import Engine
from ..writers.recovery import recover
from .config import Config
from .reading import levels, log_readers

# Group and replica. One writer is a group of one.
WRITER = "main/1"


@dataclass(frozen=True)
class Storage:
    """A data folder that this process writes. ``close`` when nothing more is handed to the engine."""

    accumulator: Accumulator
    engine: Engine
    _kept: contextlib.ExitStack

    @classmethod
    def open(cls, config: Config, now: float, failed: Callable[[BaseException], object]) -> Storage:
        """Take up what is there. ``failed`` as for Engine. Raises FolderLocked, Damaged, StoreError, Unavailable."""
        folder, policies = config.store.data, config.policies
        with contextlib.ExitStack() as opening:
            store = FilesStore(folder, write=True)
            opening.callback(store.close)
            found = recover(LogFiles(folder, WRITER), store, levels(policies))
            names = NamesLog.open(folder, found.next_id)
            opening.callback(names.close)
            days = SeenDays()
            known = read_days(folder)
            days.load(known.ids, known.first, known.last)
            engine = Engine(names, found.logs, store, days, found.last_sequence, monotonic=time.monotonic, failed=failed)
            limits = Limits(config.store.open_windows_bytes, config.store.grace_s)
            accumulator = Accumulator(policies, limits, names.next_id, now, newest=_newest(config, store))
            for batch in read_names(folder):
                accumulator.load(batch)
            return cls(accumulator, engine, opening.pop_all())

    def close(self) -> None:
        self._kept.close()


def _newest(config: Config, store: FilesStore) -> int | None:
    """Unix second at which the newest stored window ends."""
    snapshot, logs = store.snapshot(), log_readers(config.store.data, config.policies)
    spans = [level_span(snapshot, logs, level, ALL_SEQUENCES) for level in levels(config.policies)]
    return max((span[1] for span in spans if span), default=None)
