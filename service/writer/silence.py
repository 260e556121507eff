"""Paths of which no points are kept any more are given up, so that memory and restarts grow with points."""

from __future__ import annotations

import asyncio
import logging
import time

import numpy as np

from ...schema.errors import StoreError
from ...schema.policy import Policies
from ...schema.resolution import DAY_S
from ...schema.rows import Ids
from ..folder.storage import Storage

# Forgetting that many takes the event loop less than 50 ms among millions.
BATCH = 20_000

_log = logging.getLogger(__name__)


class Silence:
    """On the event loop that the accumulator and engine belong to."""

    def __init__(self, storage: Storage, policies: Policies) -> None:
        self._accumulator = storage.accumulator
        self._engine = storage.engine
        self._policies = policies
        self._day = -1
        self._task: asyncio.Task[None] | None = None

    def look(self, now: float) -> None:
        """Once a day see who is silent. ``now``: unix seconds."""
        day = int(now // DAY_S)
        if day != self._day:
            self._day = day
            self._task = asyncio.get_running_loop().create_task(self._give_up())

    async def _give_up(self) -> None:
        try:
            silent = await asyncio.wrap_future(self._engine.silent())
            given_up = [await self._forget(silent[first : first + BATCH]) for first in range(0, len(silent), BATCH)]
        except StoreError as error:
            _log.warning("silent paths are not given up: %s", error)
            return
        if len(silent):
            _log.info("%d paths are given up: their points have all expired", sum(given_up))

    async def _forget(self, ids: Ids) -> int:
        """A path that has a point again by now stays. In one turn of the loop, so that no line comes between."""
        self._engine.submit(self._accumulator.new_names(), [], time.time())
        idle = self._accumulator.idle(ids)
        pending = [self._engine.head(policy.name, idle).points["index"] for policy in self._policies]
        idle = np.delete(idle, np.concatenate(pending))
        self._accumulator.forget(idle)
        await asyncio.wrap_future(self._engine.delete(idle))
        return len(idle)
