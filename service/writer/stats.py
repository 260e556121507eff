"""The numbers that the running writer shows: in ``cadent stats`` and as metrics of its own."""

from __future__ import annotations

from ...accumulate.accumulator import Counters as LineCounters
from ...ingest.tcp import Counters as ConnectionCounters
from ...writers.engine import Counters as EngineCounters
from ...writers.publish import PublishCounters


def figures(lines: LineCounters, connections: ConnectionCounters, engine: EngineCounters) -> dict[str, float]:
    """By name. Of what is counted, since the start."""
    return {
        "lines.received": lines.received,
        "lines.folded": lines.folded,
        "lines.refused": sum(lines.refused.values()),
        "connections.open": connections.connections,
        "connections.total": connections.connections_total,
        "connections.refused": connections.connections_refused,
        "bytes.received": connections.bytes_received,
        "paths.known": lines.paths,
        "windows.open": lines.open_windows,
        "windows.open_bytes": lines.open_bytes,
        "queue.windows": engine.pending_windows,
        "queue.bytes": engine.pending_bytes,
        "queue.segments": engine.waiting_segments,
        "points.written": engine.flush.points,
        "flush.count": engine.flush.flushes,
        "flush.seconds": round(engine.flush.seconds, 6),
        "seal.segments": engine.seal.segments,
        "seal.seconds": round(engine.seal.seconds, 6),
        "seal.refused": engine.seal.refused,
        "seal.waiting_bytes": engine.waiting.size_bytes,
        "seal.waiting_age_s": round(engine.waiting.age_s, 3),
        "rollup.count": engine.upkeep.rolled_up,
        "merge.count": engine.upkeep.merged,
        "merge.bytes": engine.upkeep.merged_bytes,
        "expiry.count": engine.upkeep.expired,
        "expiry.bytes": engine.upkeep.expired_bytes,
        "upkeep.seconds": round(engine.seal.upkeep_seconds, 6),
        **_published(engine.publish),
    }


def _published(counters: PublishCounters | None) -> dict[str, float]:
    if counters is None:
        return {}
    return {
        "publish.points": counters.points,
        "publish.seconds": round(counters.seconds, 6),
        "publish.lag_s": round(counters.lag_s, 3),
    }
