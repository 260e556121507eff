"""Paths whose policies have different steps, in one query: 10, 40 and 60 seconds."""

import pytest
from cadent.cadentfinder.binary import read_series
from folder import RANGE, START, STOP, get, grid, value

PATHS = ["fast.a.load", "odd.load", "slow.load"]
STEPS = dict(zip(PATHS, (10, 40, 60), strict=True))
# START is a multiple of 120, the common step; STOP as well.
EACH = {"target": PATHS, **RANGE}


def sent(path: str, start: int, stop: int) -> list[float]:
    """The samples of [start, stop), one a window."""
    if path == "fast.a.load":
        return [number for at in grid(start, stop) if (number := value(path, at)) is not None]
    return [float(at - START) for at in range(start, stop, STEPS[path])]


def means(path: str, step_s: int) -> list[list]:
    return [
        [pytest.approx(sum(those) / len(those)), at] for at in grid(START, STOP, step_s) if (those := sent(path, at, at + step_s))
    ]


def test_find_and_expand_know_no_steps(client):
    assert {node["path"] for node in get(client, "/graphite/find", query="*")} >= {"fast", "odd", "slow"}
    for route in ("/graphite/expand", "/metrics/expand"):
        assert get(client, route, query=["*.load", "fast.a.load"])["results"] == PATHS


def test_render_shows_each_at_its_step(client):
    shown = {one["target"]: one["datapoints"] for one in get(client, "/render", **EACH)}
    assert {path: [pair for pair in pairs if pair[0] is not None] for path, pairs in shown.items()} == {
        path: means(path, step) for path, step in STEPS.items()
    }
    assert {path: [at for _, at in pairs] for path, pairs in shown.items()} == {
        path: list(grid(START, STOP, step)) for path, step in STEPS.items()
    }


def test_rawrender_shows_the_points_of_each_at_its_step(client):
    for one in get(client, "/graphite/rawrender", **EACH):
        path, step = one["metric"], STEPS[one["metric"]]
        assert one["step"] == step
        assert [(point["time"], point["sum"], point["count"]) for point in one["data"]] == [
            (at, those[0], 1) for at in grid(START, STOP, step) if (those := sent(path, at, at + step))
        ]


@pytest.mark.parametrize("asked", [{}, {"step": 120}, {"step": "1h"}])
def test_metrics_brings_all_to_the_common_step_or_the_one_asked_for(client, asked):
    step = 3_600 if asked.get("step") == "1h" else 120
    shown = get(client, "/graphite/metrics", **EACH, **asked)
    assert shown["step"] == step
    if step == 120:
        assert shown["series"] == {path: means(path, 120) for path in PATHS}
    else:
        assert {path: len(pairs) for path, pairs in shown["series"].items()} == dict.fromkeys(PATHS, 1)


def test_align_of_rawrender_and_of_the_binary_form_is_the_common_step(client):
    raw = get(client, "/graphite/rawrender", **EACH, align="1")
    assert {one["step"] for one in raw} == {120}
    assert {one["metric"]: [[point["sum"] / point["count"], point["time"]] for point in one["data"]] for one in raw} == {
        path: means(path, 120) for path in PATHS
    }
    answer = client.get("/graphite/metrics", query_string={**EACH, "format": "binary", "align": "1"})
    assert {(one.start, one.end, one.step) for one in read_series(answer.data)} == {(START, STOP, 120)}


def test_no_more_points_than_asked_for_of_each_and_still_one_grid_where_one_is_needed(client):
    for one in get(client, "/render", **EACH, maxDataPoints=6):
        steps = {later - at for (_, at), (_, later) in zip(one["datapoints"], one["datapoints"][1:], strict=False)}
        assert len(one["datapoints"]) <= 6
        assert len(steps) == 1
        assert steps.pop() % STEPS[one["target"]] == 0
    shown = get(client, "/graphite/metrics", **EACH, max_points=2)
    assert shown["step"] % 120 == 0
    assert {len(pairs) for pairs in shown["series"].values()} <= {1, 2}
    assert len({tuple(at for _, at in pairs) for pairs in shown["series"].values()}) == 1


def test_a_step_that_one_of_the_ladders_does_not_give_is_refused_with_the_policy(client):
    answer = client.get("/graphite/metrics", query_string={**EACH, "step": "20"})
    assert answer.status_code == 400
    assert "step=20" in answer.text
    assert "40s:7d" in answer.text


def test_each_ladder_has_its_own_end(client):
    """Eight days ago: the 10 s of the one have ended and its minutes have not, the 40 s of the other are all it has."""
    old = {"from": START - 8 * 86_400 - 1, "to": START - 8 * 86_400 + 119}
    shown = {one["target"]: [at for _, at in one["datapoints"]] for one in get(client, "/render", target=PATHS, **old)}
    first = START - 8 * 86_400
    assert shown == {
        "fast.a.load": list(grid(first, first + 120, 60)),
        "odd.load": list(grid(first, first + 120, 40)),
        "slow.load": list(grid(first, first + 120, 60)),
    }
