"""What the writer answers over its control socket."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from ...ingest.tcp import LineServer
from ...schema.head import HeadAnswer
from ...schema.path import normalise
from ...schema.rows import Ids
from ..config.decision import decide
from ..config.settings import Config
from ..control.frame import Header
from ..control.server import Operation
from ..folder.maintenance import Maintenance
from ..folder.storage import Storage
from .stats import figures


class Operations:
    """On the event loop: between two operations nothing of what they show changes place."""

    def __init__(self, config: Config, storage: Storage, server: LineServer) -> None:
        self._config = config
        self._accumulator = storage.accumulator
        self._engine = storage.engine
        self._cluster = storage.cluster
        self._server = server
        self._maintenance = Maintenance(config, storage, time.time)
        self._longest_stall_s = 0.0

    def note_stall(self, seconds: float) -> None:
        """The event loop was held up for so long."""
        self._longest_stall_s = max(self._longest_stall_s, seconds)

    def table(self) -> dict[str, Operation]:
        """Operations by name."""
        return {
            "head": self._head,
            "health": self._health,
            "stats": self._stats,
            "refused": self._refused,
            "seal": self._seal,
            "policy": self._policy,
            **self._maintenance.table(),
        }

    def stats(self) -> dict[str, float]:
        """Counters and gauges by name."""
        counted = figures(self._accumulator.counters(), self._server.counters, self._engine.counters())
        return {**counted, "loop.longest_stall_s": round(self._longest_stall_s, 6)}

    def _head(self, header: Header, payload: bytes) -> tuple[dict[str, Any], bytes]:
        policy, ids = str(header["policy"]), np.frombuffer(payload, "<u4")
        answer = self._open_points(policy, ids)
        return {"last_sequence": answer.last_sequence}, answer.points.tobytes()

    def _open_points(self, policy: str, ids: Ids) -> HeadAnswer:
        """Closed windows that are not in the log, then open ones: the order in which their samples came."""
        closed = self._engine.head(policy, ids)
        points = np.concatenate([closed.points, self._accumulator.open_points(policy, ids)])
        return HeadAnswer(closed.last_sequence, points)

    def _health(self, _: Header, __: bytes) -> tuple[dict[str, Any], bytes]:
        http = self._config.http
        counters = self._engine.counters()
        where = {"host": http.listen.host, "port": http.listen.port, "base_path": http.base_path}
        trouble = counters.flush.trouble or counters.seal.trouble or counters.seal.refusal
        published = counters.publish.trouble if counters.publish else ""
        names = self._cluster.names.trouble if self._cluster else ""
        warnings = [self._engine.clock_trouble, counters.upkeep.trouble, published, names, counters.waiting.trouble]
        health = {"pid": os.getpid(), "newest": self._accumulator.newest, "http": where, "trouble": trouble}
        return {**health, "warnings": [text for text in warnings if text]}, b""

    def _stats(self, _: Header, __: bytes) -> tuple[dict[str, Any], bytes]:
        refused = {f"refused.{reason}": count for reason, count in self._accumulator.counters().refused.items()}
        return {"stats": {**self.stats(), **refused}}, b""

    def _refused(self, _: Header, __: bytes) -> tuple[dict[str, Any], bytes]:
        counts, last = self._accumulator.counters().refused, self._accumulator.refused_lines()
        return {"refused": {reason: {"count": counts[reason], "last": lines} for reason, lines in last.items()}}, b""

    def _seal(self, _: Header, __: bytes) -> tuple[dict[str, Any], bytes]:
        """Begin to; ``stats`` shows when nothing waits any more."""
        self._engine.roll()
        return {}, b""

    def _policy(self, header: Header, _: bytes) -> tuple[dict[str, Any], bytes]:
        path = normalise(str(header["path"]).encode())
        return {"decision": asdict(decide(self._config.policies, path, self._accumulator.policy_of(path)))}, b""
