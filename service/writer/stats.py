"""The numbers that the running writer shows: in ``cadent stats`` and as metrics of its own."""

from __future__ import annotations

from ...accumulate.accumulator import Counters as LineCounters
from ...ingest.tcp import Counters as ConnectionCounters
from ...writers.engine import Counters as EngineCounters


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
        "rollup.count": engine.upkeep.rolled_up,
        "merge.count": engine.upkeep.merged,
        "merge.bytes": engine.upkeep.merged_bytes,
        "expiry.count": engine.upkeep.expired,
        "expiry.bytes": engine.upkeep.expired_bytes,
        "upkeep.seconds": round(engine.seal.upkeep_seconds, 6),
        "publish.points": engine.publish.points,
        "publish.seconds": round(engine.publish.seconds, 6),
        "publish.lag_seconds": round(engine.publish.lag_s, 3),
    }
