"""The writer is killed before every system call that makes something durable; what it acknowledged must be there, once."""

import os
from collections.abc import Callable, Iterator

import pytest
from cadent.schema.identity import Level
from killer import KILLED, Killer
from parts import BASE, COARSE, Parts, Window, fold, names, paths, stored

HOUR = 500_000 * 3_600
ROUNDS = 14


def windows_of(number: int) -> list[Window]:
    """Round ``number``: a window of base, now and then a late one, one of a coarser step, and an hour that ends."""
    time = HOUR + 3_600 * (number // 4) + 10 * number
    windows = [
        Window(BASE, time, {n: [float(number), n] if n % 3 == 0 else [float(number)] for n in range(number % 5, 9 + number)})
    ]
    if number % 3 == 1:
        windows.append(Window(BASE, HOUR + 10, {number % 4: [0.5]}))
    if number % 4 == 2:
        windows.append(Window(COARSE, HOUR + 60 * number, {1: [1.0, 2.0]}))
    return windows


def work(parts: Parts, first: int, acknowledge: Callable[[int], object]) -> None:
    """All rounds from ``first`` on; segments are sealed as soon as they are closed."""
    for number in range(first, ROUNDS):
        if number == 0:
            parts.flusher.add_names(names(0, *(f"p{n}" for n in range(9))))
        parts.flusher.add_names(names(9 + number, f"p{9 + number}"))
        parts.flusher.write([window.rows() for window in windows_of(number)])
        acknowledge(number)
        parts.seal_rolled()
    for level in parts.logs:
        parts.flusher.roll(level)
    parts.seal_rolled()


def killed(folder, killer: Killer) -> tuple[int, bool]:
    """Works in a child process. Returns how many rounds were acknowledged, and whether it was killed."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(read)
            killer.arm()
            work(Parts(folder), 0, lambda number: os.write(write, bytes([number])))
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        acknowledged = len(told.read())
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in {0, KILLED}
    return acknowledged, os.waitstatus_to_exitcode(status) == KILLED


def added(points: dict, rounds: range) -> dict:
    """What is there once these rounds have come on top of ``points``."""
    merged = dict(points)
    for number in rounds:
        for window in windows_of(number):
            for of, values in window.samples.items():
                at, point = (window.level, of, window.time), fold(window.time, values)
                merged[at] = merged[at].add(point) if at in merged else point
    return merged


def of_level(points: dict, level: Level) -> dict:
    return {at: point for at, point in points.items() if at[0] == level}


def found(folder) -> dict:
    everyone = range(9 + ROUNDS)
    base = stored(folder, BASE, everyone, HOUR, 4 * 360 + 60)
    coarse = stored(folder, COARSE, everyone, HOUR, 60 * 4)
    return {(BASE, *at): point for at, point in base.items()} | {(COARSE, *at): point for at, point in coarse.items()}


def crash_points() -> Iterator[tuple[int, bool]]:
    for at in range(1, 400):
        yield at, False
        if at % 3 == 0:
            yield at, True


@pytest.mark.parametrize("share", range(8))
def test_whatever_was_acknowledged_is_there_once(tmp_path, share):
    deaths = 0
    for turn, (at, torn) in enumerate(crash_points()):
        if turn % 8 != share:
            continue
        folder = tmp_path / f"{at}-{torn}"
        acknowledged, was_killed = killed(folder, Killer(at, torn))
        deaths += was_killed
        parts = Parts(folder)
        before = found(folder)
        for level in (BASE, COARSE):  # of the round that was not acknowledged a level may be there, whole, and another not
            allowed = [of_level(added({}, range(acknowledged + more)), level) for more in (0, 1)]
            assert of_level(before, level) in allowed, f"killed before call {at}"
        known = paths(folder)
        assert {of for _, of, _ in before} <= set(known)
        assert parts.names.next_id > max(known, default=-1)

        if len(known) > 9:
            work(parts, acknowledged + 1, lambda _: None)
            assert found(folder) == added(before, range(acknowledged + 1, ROUNDS))
        parts.close()
        if not was_killed:
            break
    assert deaths >= 10
