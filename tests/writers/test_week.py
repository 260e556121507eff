"""A week of a writer's life in a minute: late points, paths that come and go, restarts and crashes, chunks rolled up, merged and
expired all the while. In the end it holds what plain arithmetic makes of all it ever acknowledged."""

import os

import numpy as np
import pytest
from cadent.query.cut import Cut
from cadent.schema.head import NoHead
from cadent.schema.point import Point
from cadent.schema.resolution import DAY_S
from cadent.stores.files.store import FilesStore
from cadent.stores.log.reader import LogReader
from kept import roll_up
from week import LEVELS, POLICIES, TICK_S, live

DAYS = int(os.environ.get("CADENT_SOAK_DAYS", "7"))
START = 1_700_006_400 // DAY_S * DAY_S
# Hours of each life, and whether it ends by kill -9.
LIVES = [(9, True), (20, False), (3, True), (31, True), (1, False), (14, True), (40, False)]


def lives():
    hour, number = 0, 0
    while hour < 24 * DAYS:
        hours, dies = LIVES[number % len(LIVES)]
        yield number, START + 3_600 * hour, min(hours, 24 * DAYS - hour), dies
        hour, number = hour + hours, number + 1


def add(oracle, points):
    for number, time, count, total, low, high, last in points:
        windows = oracle.setdefault(number, {})
        point = Point(time, count, total, low, high, last)
        windows[time] = windows[time].add(point) if time in windows else point


def read(folder, step_s, number, start, stop):
    store = FilesStore(folder)
    logs = {level: LogReader(folder, level) for level in LEVELS}
    grid = Cut(store.snapshot(), logs, NoHead(), POLICIES[0], np.array([number], np.uint32)).grid(start, stop, step_s)
    for log in logs.values():
        log.close()
    store.close()
    return {point.time: point for point in grid.points(0)}


def check(folder, oracle, now):
    for resolution in POLICIES[0].ladder:
        step_s = resolution.step_s
        kept_from = max(START - DAY_S, now - resolution.ttl_s) // step_s * step_s + step_s
        stop = now // DAY_S * DAY_S + 2 * DAY_S
        for number, windows in oracle.items():
            expected = {time: point for time, point in roll_up(windows, step_s).items() if time >= kept_from}
            assert read(folder, step_s, number, kept_from, stop) == expected, f"id {number} at {step_s} s, {now - START} s on"


@pytest.mark.slow
def test_a_week_ends_as_plain_arithmetic_says(tmp_path):
    oracle = {}
    for number, start, hours, dies in lives():
        add(oracle, live(tmp_path, number, start, hours * 3_600 // TICK_S, dies=dies))
        check(tmp_path, oracle, start + hours * 3_600)
    store = FilesStore(tmp_path)
    sets = {level.step_s: store.snapshot().sets(level) for level in LEVELS}
    store.close()
    assert min(one.start for one in sets[60]) > START + DAY_S  # what was over its time is gone
    assert min(one.start for one in sets[3_600]) < START + DAY_S  # and is kept by the hour
    assert all(len(of_step) < 12 * DAYS for of_step in sets.values())
