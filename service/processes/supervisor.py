"""``cadent serve``: locks the folder, binds the listeners, runs the writer and the API and keeps them running."""

from __future__ import annotations

import contextlib
import http.client
import logging
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ...schema.errors import ConfigError, ServiceError, WriterGone
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
# By section of the listener that it inherits: name, module and environment.
_PARTS: Final[Mapping[str, tuple[str, str, Mapping[str, str]]]] = {
    "graphite": ("writer", "cadent.service.writer.process", _WRITER_ENVIRONMENT),
    "http": ("API", "cadent.service.web.server", _API_ENVIRONMENT),
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
    _check(config)
    requirements.check()
    if config.uses_cassandra:
        requirements.check_driver()
    logs.set_up("supervisor", config.service.log_level)
    lock = lock_folder(config.store.data)
    with contextlib.ExitStack() as opened:
        listeners = {name: opened.enter_context(listen(*where)) for name, where in _listeners(config).items()}
        signals = opened.enter_context(Signals((*_STOP, signal.SIGCHLD)))
        config = _resolved(config, listeners)
        if config.uses_cassandra and not _prepare(config, signals):
            return 1
        children = [_child(name, config, lock, listener) for name, listener in listeners.items()]
        return Supervisor(config, children, signals).run(ready)


def _prepare(config: Config, signals: Signals) -> bool:
    """Whether the keyspace can be used; if not, the reason was said. Or a signal came before that was known."""
    child = Child("preparation", "cadent.service.writer.preparation", Handover(config, {}))
    child.start(time.monotonic())
    while not child.wait(_READY_POLL_S):
        if _STOP & set(signals.wait(0)):
            child.terminate()
            child.wait(_WRITER_STOP_S)
            return False
    return child.last_status == 0


def _check(config: Config) -> None:
    if config.service.read_only and not config.uses_cassandra:
        raise ConfigError(
            "a service that only reads needs a store that others write to: give --store cassandra://HOST/KEYSPACE, or leave "
            "--read-only out"
        )
    if config.uses_cassandra and config.cassandra.layout == "seed" and not config.service.read_only:
        raise ConfigError('a keyspace of an old Cadent ([cassandra] layout = "seed") is only read: give --read-only too')


def _listeners(config: Config) -> dict[str, tuple[Address, str]]:
    """By section: its address, and the flag that sets it. The part of the service that has it is started in this order."""
    lines = {} if config.service.read_only else {"graphite": (config.graphite.listen, "--graphite HOST:PORT")}
    return {**lines, "http": (config.http.listen, "--http HOST:PORT")}


def _resolved(config: Config, listeners: Mapping[str, socket.socket]) -> Config:
    addresses = {SettingName(section, "listen"): address_of(listener) for section, listener in listeners.items()}
    return config.replace({SettingName("store", "data"): config.store.data.resolve(), **addresses})


def _child(section: str, config: Config, lock: int, listener: socket.socket) -> Child:
    name, module, environment = _PARTS[section]
    return Child(name, module, Handover(config, {"lock": lock, section: listener.fileno()}), environment)


class Supervisor:
    """Starts the children, restarts a dead one, and stops them in order: the API is the last of them, before it the writer, if
    there is one."""

    def __init__(self, config: Config, children: Sequence[Child], signals: Signals) -> None:
        self._config = config
        self._children = children
        self._signals = signals
        self._control = ControlClient(config.store.data)

    def run(self, ready: Callable[[Config], None]) -> int:
        for child in self._children:
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
            for child in self._children:
                if child.tend(time.monotonic()) == EXIT_USER_ERROR:
                    return 1
                _give_up_on(child, _MOST_FAILURES if is_ready else _MOST_FAILED_STARTS)
            if not is_ready and self._answers():
                is_ready = True
                ready(self._config)

    @property
    def _writers(self) -> Sequence[Child]:
        return self._children[:-1]

    def _writer_failed(self) -> int:
        """1 if the writer could not write all that it held. A signal that ends it comes before it holds anything."""
        return int(any(child.last_status not in {None, 0, -signal.SIGTERM, -signal.SIGHUP} for child in self._writers))

    def _next_start_s(self) -> float | None:
        now = time.monotonic()
        pauses = [child.due_in(now) for child in self._children]
        return min((pause for pause in pauses if pause is not None), default=None)

    def _answers(self) -> bool:
        """Whether the API answers, and the writer if there is one."""
        try:
            if self._writers:
                self._control.ask("health")
        except WriterGone:
            return False
        return _http_answers(self._config.http.listen)

    def _stop(self) -> None:
        """The API first: its answers need the writer. What has not ended in time is killed."""
        self._control.close()
        api = self._children[-1]
        api.terminate()
        api.wait(_API_STOP_S)
        for writer in self._writers:
            writer.terminate()
            if not writer.wait(_WRITER_STOP_S):
                writer.kill()
        if not api.wait(0):
            api.kill()


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
