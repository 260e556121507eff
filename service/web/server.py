"""The API's process: gunicorn's master, on the listener that it inherited. Its workers each have an index of their own."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config as GunicornConfig

from ...api.app import Settings, create_app
from ...api.backend import Index, WriterState
from ...ingest.open_files import SPARE_FILES, raise_open_files
from ...query.reader import Reader
from ...render.grammar import parse
from ...render.table import functions
from ...schema.errors import ServiceError, WriterGone
from ...stores.events import EventsFile
from ..config.settings import Config
from ..control.changes import WriterChanges
from ..control.client import ControlClient
from ..control.head_client import HeadClient
from ..folder.reading import open_folder
from ..processes import lifeline, logs
from ..processes.lifeline import Handover
from .worker import STOP_SIGNALS, Worker

# Requests under way at a stop; the supervisor waits a little longer.
_GRACEFUL_STOP_S = 2
# A dashboard that refreshes once a minute finds its connection still open.
_KEEP_ALIVE_S = 75
# A thread is not held longer by a change, which waits for a disk that is full.
_CHANGE_S = 60.0
# Of one worker, idle ones included. Those beyond wait until one of them ends.
_MOST_CONNECTIONS = 10_000
_GRAPHS_AFTER_S = 1.0


def build_app(config: Config) -> Flask:
    """The application of one worker: it follows the names log from now on."""
    control = HeadClient(config.store.data)
    reader, index = _open_cluster(config, control) if config.uses_cassandra else open_folder(config, control)
    settings = Settings(
        base_path=config.http.base_path,
        timezone=config.query.timezone,
        admin_token=config.http.admin_token,
        coarse_reads=config.query.coarse_reads,
    )
    changes = WriterChanges(index, partial(control.call, timeout_s=_CHANGE_S), config.query.max_nodes)
    _prepare_graphs_soon()
    return create_app(
        reader,
        index,
        lambda: WriterState("none") if config.service.read_only else _writer_state(control),
        changes,
        EventsFile(config.store.data),
        settings,
        now=time.time,
        monotonic=time.monotonic,
    )


def _open_cluster(config: Config, control: HeadClient) -> tuple[Reader, Index]:
    from ..cluster.opening import keyspace_of  # noqa: PLC0415 -- a service with files does not need the driver

    keyspace = keyspace_of(config, control)
    return keyspace.reader(), keyspace.index


def _prepare_graphs_soon() -> None:
    """Before the first graph, which would wait for functions and grammar, and after the start, which need not."""
    timer = threading.Timer(_GRAPHS_AFTER_S, lambda: (functions(), parse("a")))
    timer.daemon = True
    timer.start()


def _writer_state(control: ControlClient) -> WriterState:
    try:
        health = control.ask("health")
    except (WriterGone, ServiceError):
        return WriterState("dead")
    return WriterState("alive", health["pid"], health["newest"], health["trouble"], tuple(health["warnings"]))


class Logger(glogging.Logger):
    """gunicorn's own lines, in the form of all others. Requests are not logged."""

    def setup(self, cfg: GunicornConfig) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):
    """gunicorn, configured from ours."""

    def __init__(self, handover: Handover) -> None:
        self._handover = handover
        super().__init__()

    def load_config(self) -> None:
        http = self._handover.config.http
        settings: dict[str, Any] = {
            "bind": f"fd://{self._handover.descriptors['http']}",
            "worker_class": Worker,
            "worker_connections": max(http.threads + 1, min(_MOST_CONNECTIONS, raise_open_files() - SPARE_FILES)),
            "workers": http.workers,
            "threads": http.threads,
            "keepalive": _KEEP_ALIVE_S,
            "graceful_timeout": _GRACEFUL_STOP_S,
            # The most it takes; its default is half of what browsers send.
            "limit_request_line": 8_190,
            "proc_name": "cadent-api",
            "logger_class": Logger,
            "loglevel": "warning",
            "when_ready": _leave_interrupts,
            # Heartbeats go through a file: one in memory costs no disk.
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108, PTH112 - of gunicorn alone
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        return build_app(self._handover.config)


def _leave_interrupts(_: object) -> None:
    """Ctrl-C goes to the whole group: the supervisor alone acts on it. gunicorn would end all at once, requests too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_on_signals() -> None:
    """Until a worker has handlers of its own, it would keep the master's, and a stop during the start would wait for it."""
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def main() -> None:
    """Serve until SIGTERM, or until the supervisor is gone."""
    handover = Handover.receive()
    logs.set_up("api", handover.config.service.log_level)
    lifeline.watch(lambda: os.kill(os.getpid(), signal.SIGTERM))
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS),
        after_in_child=_end_on_signals,
    )
    Server(handover).run()


if __name__ == "__main__":
    main()
