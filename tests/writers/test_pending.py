import numpy as np
from cadent.schema.identity import Level
from cadent.writers.pending import Pending
from parts import BASE, COARSE, Window

IDS = np.array([3, 5], np.uint32)


def test_the_head_holds_what_is_handed_over_until_it_is_acknowledged():
    pending = Pending(7)
    pending.put([Window(BASE, 100, {3: [1.0], 4: [2.0]}), Window(BASE, 110, {5: [3.0, 4.0]})])
    answer = pending.head("default", IDS)
    assert answer.last_sequence == 7
    assert answer.points[["index", "time", "count", "sum"]].tolist() == [(0, 100, 1, 1.0), (1, 110, 2, 7.0)]
    pending.acknowledge(1, 8)
    answer = pending.head("default", IDS)
    assert answer.last_sequence == 8
    assert answer.points["time"].tolist() == [110]


def test_the_head_of_a_policy_has_all_its_steps_and_no_other_policys():
    pending = Pending(0)
    pending.put([Window(BASE, 60, {3: [1.0]}), Window(COARSE, 60, {3: [2.0]}), Window(Level("slow", 60), 60, {3: [9.0]})])
    points = pending.head("default", IDS).points
    assert points[["step_s", "sum"]].tolist() == [(10, 1.0), (60, 2.0)]


def test_a_batch_takes_the_oldest_windows_up_to_its_bound_and_at_least_one():
    pending = Pending(0)
    windows = [Window(BASE, time, {1: [1.0]}, size_bytes=size) for time, size in ((10, 50), (20, 40), (30, 11))]
    pending.put(windows)
    assert pending.first(100) == windows[:2]
    assert pending.first(101) == windows
    assert pending.first(1) == windows[:1]
    assert len(pending) == 3


def test_sizes_are_those_of_what_waits():
    pending = Pending(0)
    assert pending.first(100) == []
    pending.put([Window(BASE, 10, {1: [1.0]}, size_bytes=50), Window(BASE, 20, {1: [1.0]}, size_bytes=70)])
    assert pending.size_bytes == 120
    pending.acknowledge(1, 1)
    assert pending.size_bytes == 70
    pending.acknowledge(1, 2)
    assert (pending.size_bytes, pending.last_sequence) == (0, 2)
