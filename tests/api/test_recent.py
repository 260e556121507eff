import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cadent.api import recent
from cadent.api.recent import Body, Recent
from cadent.query.missing import NOTHING, Missing


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def body(content=b"x", missing=NOTHING):
    return Body.of([content], "text/plain", missing)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def made():
    return []


def test_an_equal_request_of_the_same_moment_is_answered_from_memory(clock, made):
    kept = Recent(1.0, clock)
    for _ in range(3):
        kept.get("a", lambda: made.append(1) or body())
    assert kept.get("b", lambda: body(b"other")).pieces == [b"other"]
    assert made == [1]


def test_after_that_it_is_made_again(clock, made):
    kept = Recent(1.0, clock)
    for clock.now in (0.0, 0.9, 1.0, 1.5):
        kept.get("a", lambda: made.append(clock.now) or body())
    assert made == [0.0, 1.0]


def test_nothing_is_kept_for_no_time(clock, made):
    kept = Recent(0.0, clock)
    for _ in range(2):
        kept.get("a", lambda: made.append(1) or body())
    assert len(made) == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(body(missing=Missing(writer_gone=True)), id="without its writer"),
        pytest.param(body(missing=Missing(unreachable="no host answers")), id="without what is away"),
        pytest.param(body(bytes(recent._MOST_OF_ONE + 1)), id="large"),
    ],
)
def test_what_is_incomplete_or_large_is_not_kept(clock, made, answer):
    kept = Recent(1.0, clock)
    for _ in range(2):
        kept.get("a", lambda: made.append(1) or answer)
    assert len(made) == 2
    assert answer.tag == ""


def test_equal_requests_at_the_same_time_are_worked_on_once(clock, made):
    kept = Recent(0.0, clock)
    begun, go_on = threading.Event(), threading.Event()

    def make():
        made.append(1)
        begun.set()
        go_on.wait(10)
        return body()

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(kept.get, "a", make)
        begun.wait(10)
        others = [pool.submit(kept.get, "a", make) for _ in range(3)]
        time.sleep(0.05)
        go_on.set()
        assert {id(one.result(10)) for one in (first, *others)} == {id(first.result())}
    assert made == [1]


def test_an_error_is_everybodys_and_is_not_kept(clock):
    kept = Recent(1.0, clock)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", body).pieces == [b"x"]


def test_memory_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(recent, "_MOST_BYTES", 1_000)
    kept = Recent(60.0, clock)
    for number in range(100):
        kept.get(number, lambda: body(bytes(100)))
        assert kept._size_bytes <= 1_100
    assert kept.get(99, lambda: body(b"new")).pieces == [bytes(100)]
    assert kept.get(1, lambda: body(b"new")).pieces == [b"new"]


def test_the_tag_is_that_of_the_bytes():
    assert body(b"a").tag == Body.of([b"", b"a"], "text/plain", NOTHING).tag != body(b"b").tag
