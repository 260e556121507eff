"""``cadent serve``: locks the folder, binds the listeners, runs the writer and the API and keeps them running."""

from __future__ import annotations

import contextlib
import http.client
import logging
import signal
import socket
import time
from collections.abc import Callable

from ...schema.errors import ServiceError, WriterGone
from ..config.kinds import Address
from ..config.settings import Config, SettingName
from ..control.client import ControlClient
from ..folder.lock import lock_folder
from . import logs, requirements
from .child import Child
from .lifeline import EXIT_USER_ERROR, Handover
from .listen import address_of, listen
from .signals import Signals

_log = logging.getLogger(__name__)

_STOP = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
# Queries under way get this long; with the writer's share a stop takes less than 10 s.
_API_STOP_S = 2.5
_WRITER_STOP_S = 7.0
_READY_POLL_S = 0.05
# glibc raises both bounds by itself with each large array that is freed, and keeps ever more memory that nobody uses: after days
# of roll-ups twice what there is. In the writer they stay: large arrays go back at once, small ones have room to come and go.
_WRITER_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": str(4 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
# The arrays of a graph are many and small, made in one of eight threads and freed soon. One arena serves all of these: else each
# keeps the memory of the largest graph its thread ever made (212 instead of 352 MB after the benchmark of /render). What is free
# is kept for the next graph: to take it anew costs as much as to fill it.
_API_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
    "MALLOC_TOP_PAD_": str(16 << 20),
}
# In a row, each within seconds of its start: one that cannot run would be started for ever. What ended it before there was an
# answer will do so again; afterwards it may have been a passing trouble.
_MOST_FAILED_STARTS = 4
_MOST_FAILURES = 6


def serve(config: Config, ready: Callable[[Config], None]) -> int:
    """Run the service until a signal ends it, and return the exit status: 1 if anything could not be written at the end.

    ``ready`` is called once both parts answer, with the configuration that names the real folder and ports.
    Raises CadentError if the service cannot start.
    """
    requirements.check()
    logs.set_up("supervisor", config.service.log_level)
    lock = lock_folder(config.store.data)
    with (
        listen(config.graphite.listen, "--graphite HOST:PORT") as graphite,
        listen(config.http.listen, "--http HOST:PORT") as http_listener,
        Signals((*_STOP, signal.SIGCHLD)) as signals,
    ):
        config = _resolved(config, graphite, http_listener)
        handover = Handover(config, {"lock": lock, "graphite": graphite.fileno()})
        writer = Child("writer", "cadent.service.writer.process", handover, _WRITER_ENVIRONMENT)
        api_handover = Handover(config, {"lock": lock, "http": http_listener.fileno()})
        api = Child("API", "cadent.service.web.server", api_handover, _API_ENVIRONMENT)
        return Supervisor(config, writer, api, signals).run(ready)


def _resolved(config: Config, graphite: socket.socket, http_listener: socket.socket) -> Config:
    return config.replace(
        {
            SettingName("store", "data"): config.store.data.resolve(),
            SettingName("graphite", "listen"): address_of(graphite),
            SettingName("http", "listen"): address_of(http_listener),
        }
    )


class Supervisor:
    """Starts both children, restarts a dead one, and stops them in order."""

    def __init__(self, config: Config, writer: Child, api: Child, signals: Signals) -> None:
        self._config = config
        self._writer = writer
        self._api = api
        self._signals = signals
        self._control = ControlClient(config.store.data)

    def run(self, ready: Callable[[Config], None]) -> int:
        for child in (self._writer, self._api):
            child.start(time.monotonic())
        try:
            status = self._run(ready)
        finally:
            self._stop()
        return status or self._writer_failed()

    def _run(self, ready: Callable[[Config], None]) -> int:
        is_ready = False
        while True:
            timeout_s = self._next_start_s() if is_ready else _READY_POLL_S
            if _STOP & set(self._signals.wait(timeout_s)):
                return 0
            for child in (self._writer, self._api):
                if child.tend(time.monotonic()) == EXIT_USER_ERROR:
                    return 1
                _give_up_on(child, _MOST_FAILURES if is_ready else _MOST_FAILED_STARTS)
            if not is_ready and self._answers():
                is_ready = True
                ready(self._config)

    def _writer_failed(self) -> int:
        """1 if the writer could not write all that it held. A signal that ends it comes before it holds anything."""
        return int(self._writer.last_status not in {None, 0, -signal.SIGTERM, -signal.SIGHUP})

    def _next_start_s(self) -> float | None:
        now = time.monotonic()
        pauses = [child.due_in(now) for child in (self._writer, self._api)]
        return min((pause for pause in pauses if pause is not None), default=None)

    def _answers(self) -> bool:
        """Whether both the writer and the API answer."""
        try:
            self._control.ask("health")
        except WriterGone:
            return False
        return _http_answers(self._config.http.listen)

    def _stop(self) -> None:
        """The API first: its answers need the writer. What has not ended in time is killed."""
        self._control.close()
        self._api.terminate()
        self._api.wait(_API_STOP_S)
        self._writer.terminate()
        if not self._writer.wait(_WRITER_STOP_S):
            self._writer.kill()
        if not self._api.wait(0):
            self._api.kill()


def _give_up_on(child: Child, most_failures: int) -> None:
    """Raises ServiceError if it has ended too often in a row."""
    if child.failures >= most_failures:
        raise ServiceError(f"the {child.name} ended {child.failures} times while starting; its last lines say why")


def _http_answers(address: Address) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104 - not bound to, but found in settings
    connection = http.client.HTTPConnection(host, address.port, timeout=0.5)
    try:
        connection.request("GET", "/version")
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        with contextlib.suppress(OSError):
            connection.close()
