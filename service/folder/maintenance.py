"""What concerns all of a data folder: compacting, copying, making paths, and giving up paths and points."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import numpy as np

from ...schema.errors import InputError, Unavailable
from ...schema.identity import Level
from ...schema.path import normalise
from ...schema.resolution import format_duration
from ...schema.rows import Ids
from ...stores.files.store import FilesStore
from ..config.settings import Config
from ..control.frame import Header
from ..control.server import Answer, Operation
from .snapshot import take_snapshot
from .storage import Storage
from .stored import stored_bytes

# Lines may be so far ahead of the clock, and a little more.
_AHEAD_S = 3_600

T = TypeVar("T")


class Maintenance:
    """Operations of the process that writes a folder, on the event loop that its accumulator and engine belong to. ``now`` gives
    unix seconds."""

    def __init__(self, config: Config, storage: Storage, now: Callable[[], float]) -> None:
        self._config = config
        self._storage = storage
        self._accumulator = storage.accumulator
        self._engine = storage.engine
        self._now = now

    def table(self) -> dict[str, Operation]:
        """Operations by name. They take long, and answer when what they do is durable."""
        return {
            "compact": self._compact,
            "snapshot": self._snapshot,
            "create": self._create,
            "delete": self._delete,
            "erase": self._erase,
            "rename": self._rename,
        }

    async def _compact(self, _: Header, __: bytes) -> Answer:
        before = await asyncio.to_thread(stored_bytes, self._config.store.data)
        await _done(self._engine.compact())
        await _done(self._engine.call(self._refuse_unsealed))
        return {"before_bytes": before, "after_bytes": await asyncio.to_thread(stored_bytes, self._config.store.data)}, b""

    async def _snapshot(self, header: Header, _: bytes) -> Answer:
        """What a query shows now is in it: open windows come first."""
        folder, store = Path(header["folder"]), self._storage.store
        if not isinstance(store, FilesStore):
            raise InputError(f"the chunks are in {self._config.store.chunks}: take a snapshot of that keyspace with nodetool")
        self._hand_over_all()
        await _done(self._engine.call(lambda: take_snapshot(store, self._storage.logs, folder)))
        return {"bytes": await asyncio.to_thread(stored_bytes, folder)}, b""

    async def _create(self, _: Header, payload: bytes) -> Answer:
        paths = [normalise(str(path).encode()) for path in json.loads(payload)]
        try:
            self._accumulator.create(paths)
        finally:  # those that were made before it had to stop are there too
            self._hand_over_names()
            await _done(self._engine.sync_names())
        return {}, b""

    async def _delete(self, _: Header, payload: bytes) -> Answer:
        ids = np.frombuffer(payload, "<u4")
        self._hand_over_names()
        self._accumulator.forget(ids)
        await _done(self._engine.delete(ids))
        return {}, b""

    async def _rename(self, _: Header, payload: bytes) -> Answer:
        pairs = [(str(old), str(new)) for old, new in json.loads(payload)]
        self._hand_over_names()
        ids = self._accumulator.rename(pairs)
        await _done(self._engine.rename(ids, [new for _, new in pairs]))
        return {}, b""

    async def _erase(self, header: Header, payload: bytes) -> Answer:
        levels = self._levels(str(header["policy"]))
        start, stop = whole_windows(header["from"], header["to"], levels[-1].step_s, self._now())
        if not header["dry_run"]:
            self._hand_over_all()
            await self._erase_levels(levels, np.unique(np.frombuffer(payload, "<u4")), start, stop)
        return {"start": start, "stop": stop}, b""

    def _levels(self, policy: str) -> list[Level]:
        """From fine to coarse. Raises ConfigError for a policy that is not configured."""
        self._config.policies.index_of(policy)
        return sorted(level for level in self._storage.levels if level.policy == policy)

    async def _erase_levels(self, levels: Sequence[Level], ids: Ids, start: int, stop: int) -> None:
        """In this order what is rolled up meanwhile goes at the coarse step."""
        self._engine.roll()
        await _done(self._engine.call(self._refuse_unsealed))
        for level in levels:
            await _done(self._engine.erase(level, ids, start, stop))

    def _refuse_unsealed(self) -> None:
        """What cannot be sealed would come to the chunks later. In the store thread all that could be has been."""
        unsealed = self._storage.logs.unsealed(self._storage.store.snapshot())
        if unsealed:
            raise Unavailable(f"the log of {unsealed[0]} cannot be sealed now; see /health and the service's log")

    def _hand_over_names(self) -> None:
        self._engine.submit(self._accumulator.new_names(), [], self._now())

    def _hand_over_all(self) -> None:
        self._engine.submit(self._accumulator.new_names(), self._accumulator.drain(), self._now())


def whole_windows(start: int | None, stop: int | None, step_s: int, now: float) -> tuple[int, int]:
    """The windows of ``step_s`` that lie in [start, stop) as a whole. None is the beginning, or the end, of all. Raises
    InputError if there is no such window."""
    end = int(now) + _AHEAD_S + step_s if stop is None else stop
    first, last = -(-(start or 0) // step_s) * step_s, end // step_s * step_s
    if first >= last:
        raise InputError(f"no whole window of {format_duration(step_s)} lies between {start} and {stop}; nothing is erased")
    return first, last


async def _done(future: Future[T]) -> T:
    """What it gives. Should the loop end before it, it goes on."""
    return await asyncio.shield(asyncio.wrap_future(future))
