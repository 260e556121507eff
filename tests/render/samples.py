"""What the differential tests send to Cadent: every shape that a function can meet.

All times are seconds before ``NOW``. Values are what a formula or a seeded generator gives, so a failure shows again.
"""

import math
import random
import time
from collections.abc import Callable, Iterator

from programs import eventually

# In the past, so that no answer changes while a test looks; on no window's edge.
NOW = int(time.time()) // 600 * 600 - 1_203
HOUR_S, DAY_S = 3_600, 86_400

# Three hours before the usual window of an hour, and a little after it.
TIMES = range(NOW - 4 * HOUR_S - (NOW - 4 * HOUR_S) % 120, NOW + 300, 10)

POLICIES = """
[[policy]]
name = "slow"
match = '\\.slow\\.'
ladder = "1m:30d"

[[policy]]
name = "odd"
match = '\\.odd\\.'
ladder = "40s:7d"
"""

Line = tuple[str, float, int]


def lines() -> Iterator[Line]:
    """path, value, time."""
    for path, value in _FINE.items():
        yield from _of(path, value, TIMES)
    for path, value in _SLOW.items():
        yield from _of(path, value, TIMES[::6])
    for path, value in _ODD.items():
        yield from _of(path, value, TIMES[::4])
    week = range(NOW - NOW % 60 - 9 * DAY_S, NOW + 300, 60)
    yield from _of("d.slow.daily", lambda at: 50 + 20 * math.sin(at % DAY_S / DAY_S * 2 * math.pi) + at % 7, week)
    yield from _of("d.slow.daily_with_gaps", lambda at: None if at // 60 % 11 < 3 else 10 + at % DAY_S / 1_000, week)


def send(cadent) -> None:
    """All of it; returns when it shows."""
    sent = list(lines())
    sent.append(("d.last", 1.0, NOW - 60))
    cadent.send([f"{path} {value!r} {at}" for path, value, at in sent])
    asked = {"target": "d.last", "from": NOW - 600, "until": NOW}
    eventually(lambda: b"1.0" in cadent.web.get("/graphite/metrics", **asked).body, "d.last shows")


def _of(path: str, value: Callable[[int], float | None], times: range) -> Iterator[Line]:
    for at in times:
        found = value(at)
        if found is not None:
            yield path, found, at


def _wave(seed: int, low: float, high: float, gaps: float = 0.0) -> Callable[[int], float | None]:
    """Random values between ``low`` and ``high``; a share of ``gaps`` is left out."""

    def value(at: int) -> float | None:
        chance = random.Random(seed * 1_000_003 + at)
        return None if chance.random() < gaps else round(chance.uniform(low, high), 3)

    return value


def _only(first: int, last: int, value: float) -> Callable[[int], float | None]:
    """``value`` from ``first`` to ``last`` seconds before NOW."""
    return lambda at: value if NOW - first <= at <= NOW - last else None


def _counter(rate: int, reset_every: int, gap_every: int = 0) -> Callable[[int], float | None]:
    return lambda at: None if gap_every and at // 10 % gap_every == 0 else float(at % reset_every * rate // 10)


_FINE: dict[str, Callable[[int], float | None]] = {
    # A tree as everybody has it.
    "d.host1.cpu.user": _wave(1, 0, 100),
    "d.host2.cpu.user": _wave(2, 0, 100, gaps=0.1),
    "d.host3.cpu.user": _wave(3, 20, 60, gaps=0.5),
    "d.host1.cpu.system": _wave(4, 0, 30),
    "d.host2.cpu.system": _wave(5, 0, 30, gaps=0.3),
    "d.host10.cpu.system": _wave(6, 0, 30),
    "d.host1.mem.used": _wave(7, 1e9, 2e9),
    "d.host2.mem.used": _wave(8, 1e9, 2e9, gaps=0.05),
    "d.host1.requests": lambda at: float(at // 10 % 17),  # its statistic is sum
    "d.host2.requests": lambda at: float(at // 10 % 5) if at // 10 % 3 else None,
    # Nothing in the usual window, or nearly nothing.
    "d.empty.one": _only(4 * HOUR_S, 3 * HOUR_S, 5.0),
    "d.empty.two": _only(4 * HOUR_S, 3 * HOUR_S, -5.0),
    "d.single.point": _only(1_800, 1_790, 42.0),
    "d.single.last": _only(20, 10, 7.0),
    "d.single.first": _only(3_590, 3_580, 3.0),
    "d.ends.early": lambda at: 1.0 + at % 50 if at < NOW - 900 else None,
    "d.starts.late": lambda at: 2.0 + at % 70 if at > NOW - 1_200 else None,
    # Signs, zeros, sizes.
    "d.sign.negative": _wave(9, -100, -1),
    "d.sign.mixed": _wave(10, -50, 50, gaps=0.1),
    "d.const.zero": lambda _: 0.0,
    "d.const.five": lambda _: 5.0,
    "d.const.one": lambda _: 1.0,
    "d.size.huge": _wave(11, 1e300, 1.7e308),
    "d.size.tiny": _wave(12, 1e-300, 1e-290),
    "d.size.tiny_after_huge": lambda at: 1e17 if at < NOW - 2_700 else 0.1 + at % 30 / 100,
    "d.size.between": lambda at: (at % 1_000 - 500) * 10.0 ** (at // 10 % 25 - 12),
    "d.unit.share": _wave(13, 0.01, 0.99, gaps=0.05),
    # Counters.
    "d.counter.steady": _counter(7, 10**9),
    "d.counter.resets": _counter(3, 1_000),
    "d.counter.gaps": _counter(11, 5_000, gap_every=7),
    "d.counter.wraps": lambda at: float((at * 37) % 256),
    # Shapes.
    "d.shape.periodic": lambda at: float(at % 100 + 1) if at // 10 % 3 == 0 else None,
    "d.shape.bursts": lambda at: float(at % 40) if at // 10 % 20 < 8 else None,
    "d.shape.flag": lambda at: float(at // 300 % 2),
    "d.shape.ramp": lambda at: (at - NOW) / 10,
    "d.shape.long_gap": lambda at: None if NOW - 2_000 < at < NOW - 1_000 else at % 90 / 3,
    "d.peaks.upper": lambda at: 1_000.0 if at // 10 % 97 == 0 else at % 70 / 7,  # its statistic is max
    "d.peaks.lower": lambda at: -1_000.0 if at // 10 % 97 == 0 else at % 70 / 7,  # and this one's is min
    "d.same.a": lambda at: float(at % 110),
    "d.same.b": lambda at: float(at % 110),
    "d.weight.a": _wave(14, 1, 5),
    "d.weight.b": _wave(15, 1, 5, gaps=0.2),
    "d.Case.UPPER_lower": _wave(16, 0, 10),
    # Series with tags.
    "disk.used;dc=east;host=a": _wave(17, 0, 100),
    "disk.used;dc=east;host=b": _wave(18, 0, 100, gaps=0.2),
    "disk.used;dc=west;host=c": _wave(19, 0, 100),
    "disk.free;dc=east;host=a": _wave(20, 0, 100),
    "disk.free;dc=west;host=c;rack=7": _wave(21, 0, 100),
}
_SLOW: dict[str, Callable[[int], float | None]] = {
    "d.slow.load": _wave(22, 0, 8),
    "d.slow.gaps": _wave(23, 0, 8, gaps=0.4),
    "d.slow.counter": lambda at: float(at % 10_000 // 60 * 5),
}
_ODD: dict[str, Callable[[int], float | None]] = {
    "d.odd.load": _wave(24, 0, 8),
    "d.odd.gaps": _wave(25, -4, 4, gaps=0.3),
}
