import os
import socket

import pytest
from cadent.schema.path import normalise
from cadent.service.writer.self_metrics import SelfMetrics

STATS = {"lines.received": 100, "queue.windows": 3, "flush.seconds": 1.5, "loop.longest_stall_s": 0.002}


def lines(metrics, stats, now=1_700_000_000):
    """Value by name, without the prefix; each line is a whole Graphite line of this time."""
    found = {}
    for line in metrics.lines(stats, now).decode().splitlines():
        path, value, time = line.split(" ")
        assert time == str(now)
        found[path.split(".", 2)[2]] = float(value)
    return found


@pytest.fixture
def metrics(tmp_path):
    return SelfMetrics(tmp_path, os.getpid())


def test_what_grows_since_the_start_is_told_by_its_growth_from_the_second_time_on(metrics):
    first = lines(metrics, STATS)
    assert "lines.received" not in first
    assert first["queue.windows"] == 3
    second = lines(metrics, {**STATS, "lines.received": 130, "flush.seconds": 1.75, "queue.windows": 1})
    assert (second["lines.received"], second["flush.seconds"], second["queue.windows"]) == (30, 0.25, 1)
    assert lines(metrics, {**STATS, "lines.received": 130})["lines.received"] == 0


def test_what_waits_to_be_sealed_or_published_is_told_as_it_is(metrics):
    stats = {
        "seal.waiting_bytes": 500,
        "seal.waiting_age_s": 7.5,
        "publish.lag_s": 61.0,
        "publish.points": 10,
        "seal.segments": 2,
    }
    lines(metrics, stats)
    second = lines(metrics, {**stats, "publish.points": 14})
    assert {name: second[name] for name in stats} == {**stats, "publish.points": 4, "seal.segments": 0}


def test_a_counter_that_went_back_is_no_negative_growth(metrics):
    lines(metrics, STATS)
    assert lines(metrics, {**STATS, "lines.received": 5})["lines.received"] == 0


def test_the_host_and_the_processes_are_measured(metrics):
    lines(metrics, STATS)
    measured = lines(metrics, STATS)
    assert measured["memory.resident_bytes"] > 1 << 20
    assert measured["host.memory.used_bytes"] > 0
    assert measured["host.memory.available_bytes"] > 0
    assert measured["host.disk.free_bytes"] >= 0
    assert measured["host.load.1min"] >= 0
    assert measured["cpu.seconds"] >= 0
    assert measured["host.cpu.busy_seconds"] >= 0


@pytest.mark.parametrize(
    ("name", "segment"),
    [("web1", "web1"), ("web1.example.org", "web1_example_org"), ("wéb 1;x=y", "w_b_1_x_y"), ("a_b-c", "a_b-c")],
)
def test_the_hosts_name_is_one_segment(tmp_path, monkeypatch, name, segment):
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    text = SelfMetrics(tmp_path, os.getpid()).lines(STATS, 1_700_000_000).decode()
    paths = [line.split(" ")[0] for line in text.splitlines()]
    assert {path.split(".")[1] for path in paths} == {segment}
    assert [normalise(path.encode()) for path in paths] == paths
