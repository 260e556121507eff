"""The writer's process: lines to open windows on an event loop, closed windows to the engine's threads."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import time

from ...ingest.tcp import Limits, LineServer
from ...schema.errors import CadentError
from ..config.settings import Config
from ..control.server import ControlServer
from ..folder import served
from ..folder.lock import Presence
from ..folder.storage import Storage
from ..processes import lifeline, logs
from ..processes.lifeline import EXIT_USER_ERROR, Handover
from .bound import Bound
from .operations import Operations
from .self_metrics import SelfMetrics
from .silence import Silence

_log = logging.getLogger(__name__)

# New paths are handed over within 200 ms of their first line.
TICK_S = 0.1
# Of the 10 s that a stop may take, this is the engine's to write what is open.
STOP_S = 4.0


class Writer:
    """Runs in one event loop until ``stop``."""

    def __init__(self, config: Config, storage: Storage) -> None:
        self._config = config
        self._accumulator = storage.accumulator
        self._engine = storage.engine
        graphite = config.graphite
        self._server = LineServer(Limits(graphite.max_connections, graphite.idle_timeout_s))
        self._operations = Operations(config, storage, self._server)
        self._control = ControlServer(config.store.data, self._operations.table())
        self._presence = Presence(config.store.data)
        self._silence = Silence(storage, config.policies)
        self._metrics = SelfMetrics(config.store.data, os.getppid())
        self._metrics_step_s = config.policies.for_path(self._metrics.prefix).ladder.base.step_s
        self._metrics_due = 0
        store = config.store
        self._queue_bound = Bound(store.queue_bytes, store.queue_bytes // 2)
        self._log_bound = Bound(store.log_bytes, store.log_bytes * 9 // 10)
        self._reading = True
        self._stopped = asyncio.Event()
        self._failure: BaseException | None = None

    def stop(self) -> None:
        self._stopped.set()

    def fail(self, error: BaseException) -> None:
        """The engine cannot go on. To be called on the loop."""
        self._failure = error
        self._stopped.set()

    async def run(self, listener: socket.socket) -> int:
        """Take lines from ``listener`` until the stop. Returns the exit status. Raises StoreError when the folder is gone: then
        nothing more is written."""
        self._engine.start(time.time())
        self._accumulator.on_full = self._make_room
        await self._server.start(listener, self._accumulator)
        await self._control.start()
        # What lives by now lives for long: no collection has to look at it again.
        gc.collect()
        gc.freeze()
        await self._tick_until_stopped()
        return await self._end()

    async def _tick_until_stopped(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + TICK_S
        while not self._stopped.is_set():
            await asyncio.sleep(due - loop.time())
            woken = loop.time()
            self._presence.check()
            self._record_itself()
            self._hand_over()
            self._bound_the_queue()
            self._silence.look(time.time())
            self._operations.note_stall(woken - due)
            self._operations.note_stall(loop.time() - woken)
            due = woken + TICK_S

    def _hand_over(self) -> None:
        """Closed windows and new paths to the engine."""
        now = time.time()
        windows = self._accumulator.tick(now)
        self._engine.submit(self._accumulator.new_names(), windows, now)

    def _make_room(self) -> None:
        """More windows are open than may be: senders that are quicker than the disk are not read until the next tick."""
        self._hand_over()
        self._bound_the_queue()

    def _bound_the_queue(self) -> None:
        """While the disk or the chunk store does not keep up, senders wait; what their connections hold is not lost."""
        queued, logged = self._engine.pending_bytes, self._engine.log_bytes
        full, long = self._queue_bound.look(queued), self._log_bound.look(logged)
        if self._reading and full:
            self._pause(f"{queued} bytes wait for the disk")
        elif self._reading and long:
            self._pause(f"the log has {logged} bytes, of which nothing can go yet")
            # The segments that are being written may be most of it.
            self._engine.roll()
        elif not (self._reading or full or long):
            _log.warning("lines are read again")
            self._reading = True
            self._server.resume()

    def _pause(self, reason: str) -> None:
        _log.warning("no more lines are read: %s", reason)
        self._reading = False
        self._server.pause()

    def _record_itself(self) -> None:
        now, step_s = int(time.time()), self._metrics_step_s
        if self._config.service.self_metrics and now >= self._metrics_due:
            self._metrics_due = now - now % step_s + step_s
            stream = self._accumulator.open()
            # What is not taken, because windows are at their bound, is left out: the senders' lines come first.
            stream.feed(self._metrics.lines(self._operations.stats(), now))
            stream.close()

    async def _end(self) -> int:
        """Write all that is open. What cannot be written in time is said."""
        await self._server.close()
        if self._failure is None:
            self._engine.submit(self._accumulator.new_names(), self._accumulator.drain(), time.time())
        lost = await asyncio.to_thread(self._engine.close, STOP_S)
        await self._control.close()
        if lost:
            _log.error("%d windows could not be written and are lost", lost)
        if self._failure is not None:
            _log.error("the engine failed", exc_info=self._failure)
        return 1 if lost or self._failure else 0


async def _run(config: Config, listener: socket.socket) -> int:
    loop = asyncio.get_running_loop()
    storage = Storage.open(config, time.time(), lambda error: loop.call_soon_threadsafe(writer.fail, error))
    served.note(config)
    writer = Writer(config, storage)
    for number in (signal.SIGTERM, signal.SIGHUP):  # an interrupt is ignored: the supervisor acts on it
        loop.add_signal_handler(number, writer.stop)
    lifeline.watch(lambda: loop.call_soon_threadsafe(writer.stop))
    status = await writer.run(listener)
    storage.close()
    return status


def main() -> int:
    """Run until SIGTERM, or until the supervisor is gone."""
    handover = Handover.receive()
    logs.set_up("writer", handover.config.service.log_level)
    listener = socket.socket(fileno=handover.descriptors["graphite"])
    try:
        return asyncio.run(_run(handover.config, listener))
    except CadentError as error:
        _log.error("%s", error)
        return EXIT_USER_ERROR


if __name__ == "__main__":
    sys.exit(main())
