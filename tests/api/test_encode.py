import json
import math
import re
import struct
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from cadent.api import encode
from cadent.cadentfinder import binary as finder
from cadent.query.fetch import Answer, FetchQuery, Found, PathPoints, PointsAnswer
from cadent.query.limits import Deadline
from cadent.query.missing import NOTHING
from cadent.query.window import Bounds
from cadent.schema.errors import LimitExceeded
from cadent.schema.series import Series
from hypothesis import given
from hypothesis import strategies as st

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "series.md"
QUERY = FetchQuery(("a.*",), 1_699_999_975, 1_699_999_999, 1_700_000_000)
BOUNDS = Bounds(1_699_999_980, 1_700_000_000, 10)

never = Deadline(1, lambda: 0.0)


def found(path, values, target="a.*", start=BOUNDS.start, step_s=10):
    return Found(target, Series(path, start, start + len(values) * step_s, step_s, np.array(values, float)))


def answer(*series):
    return Answer(series, BOUNDS, missing=NOTHING)


def joined(pieces):
    return b"".join(encode.join(pieces))


def page_example():
    """The bytes that the page shows."""
    block = re.search(r"```hex\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
    return bytes.fromhex("".join(line[6:53] for line in block.splitlines()))


EXAMPLE = answer(found("a.b", [1.5, math.nan]), found("a.cd", [-2.0], step_s=60))


def test_binary_is_as_the_page_shows_it():
    assert joined(encode.binary(QUERY, EXAMPLE)) == page_example()


def test_the_page_can_be_read_by_its_own_words():
    data = page_example()
    magic, version, zeros, length = struct.unpack_from("<4sB3sI", data)
    assert (magic, version, zeros, (12 + length) % 8) == (b"CDNT", 1, bytes(3), 0)
    header = json.loads(data[12 : 12 + length])
    assert header == {
        "from": 1_699_999_975,
        "to": 1_699_999_999,
        "series": [
            {"path": "a.b", "target": "a.*", "start": 1_699_999_980, "end": 1_700_000_000, "step": 10, "count": 2},
            {"path": "a.cd", "target": "a.*", "start": 1_699_999_980, "end": 1_700_000_040, "step": 60, "count": 1},
        ],
    }
    values = struct.unpack_from("<3d", data, 12 + length)
    assert (values[0], math.isnan(values[1]), values[2]) == (1.5, True, -2.0)
    assert len(data) == 12 + length + 3 * 8


floats = st.floats(allow_infinity=False)
columns = st.lists(st.lists(floats, min_size=1, max_size=30), max_size=5)


@given(columns)
def test_binary_gives_the_finder_every_value_bit_by_bit(columns):
    series = [found(f"p{number}", values) for number, values in enumerate(columns)]
    read = finder.read_series(joined(encode.binary(QUERY, answer(*series))))
    assert [one.path for one in read] == [one.series.path for one in series]
    for one, values in zip(read, columns, strict=True):
        assert (one.target, one.start, one.end, one.step) == ("a.*", BOUNDS.start, BOUNDS.start + 10 * len(values), 10)
        assert [math.nan if value is None else value for value in one.values] == pytest.approx(values, abs=0, rel=0, nan_ok=True)


def test_series_json_word_by_word():
    data = joined(encode.series_json(QUERY, answer(found('a."b', [5.0, math.nan]), found("a.c", [0.1, -0.0])), never))
    assert data == (
        b'{"data_from":1699999980,"data_end":1700000000,"from":1699999975,"to":1699999999,"step":10,"series":{'
        b'"a.\\"b":[[5.0,1699999980],[null,1699999990]],'
        b'"a.c":[[0.1,1699999980],[-0.0,1699999990]]}}'
    )


def test_series_json_has_a_path_once():
    data = joined(encode.series_json(QUERY, answer(found("a.b", [1.0, 2.0]), found("a.b", [1.0, 2.0], target="a.b")), never))
    assert data.count(b"a.b") == 1


def test_series_json_of_nothing_is_an_empty_object():
    data = joined(encode.series_json(QUERY, answer(), never))
    assert data == b'{"data_from":1699999980,"data_end":1700000000,"from":1699999975,"to":1699999999,"step":10,"series":{}}'


def points(path, *rows):
    columns = zip(*rows, strict=True) if rows else [()] * 6
    types = (np.int64, np.int64, float, float, float, float)
    return PathPoints(path, BOUNDS, *(np.array(column, dtype) for column, dtype in zip(columns, types, strict=True)))


def test_points_json_word_by_word():
    row = (1_699_999_980, 2, 3.0, 1.0, 2.0, 1.0)
    data = joined(encode.points_json(QUERY, PointsAnswer((points("a.b", row), points("a.c")), BOUNDS, missing=NOTHING), never))
    head = b'"data_from":1699999980,"data_end":1700000000,"from":1699999975,"to":1699999999,"step":10'
    assert data == (
        b'[{"metric":"a.b",'
        + head
        + b',"data":[{"time":1699999980,"sum":3.0,"mean":1.5,"min":1.0,"max":2.0,"count":2,"last":1.0}]},'
        b'{"metric":"a.c",' + head + b',"data":[]}]'
    )


def test_points_that_overflowed_are_null_too():
    row = (1_699_999_980, 2, math.inf, -math.inf, 2.0, 1.0)
    data = joined(encode.points_json(QUERY, PointsAnswer((points("a.b", row),), BOUNDS, missing=NOTHING), never))
    (point,) = json.loads(data, parse_constant=pytest.fail)[0]["data"]
    assert (point["sum"], point["mean"], point["min"], point["max"]) == (None, None, None, 2.0)


def test_points_come_in_blocks_but_read_as_one_list():
    rows = [(time, 1, float(time), 0.0, 1.0, 2.0) for time in range(25_000)]
    data = joined(encode.points_json(QUERY, PointsAnswer((points("a", *rows),), BOUNDS, missing=NOTHING), never))
    assert [point["sum"] for point in json.loads(data)[0]["data"]] == [row[2] for row in rows]


@given(st.lists(st.binary(max_size=20), max_size=30), st.integers(1, 50))
def test_joined_blocks_are_the_same_bytes(pieces, block_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encode, "_BLOCK_BYTES", block_bytes)
        blocks = list(encode.join(pieces))
    assert b"".join(blocks) == b"".join(pieces)
    assert all(len(block) >= block_bytes for block in blocks[:-1])


def test_encoding_heeds_the_deadline():
    ticks = iter([0.0, 2.0])
    with pytest.raises(LimitExceeded):
        encode.series_json(QUERY, answer(found("a.b", [1.0, 2.0])), Deadline(1, lambda: next(ticks)))


@given(st.lists(st.floats() | st.just(math.nan), max_size=40), st.integers(1, 12))
def test_pairs_are_the_same_however_many_are_written_at_once(values, at_once):
    times = range(1_700_000_000, 1_700_000_000 + 10 * len(values), 10)
    with mock.patch.object(encode, "_SLOTS_AT_ONCE", at_once):
        pairs = json.loads(encode.Pairs(times).of(np.array(values, float)))
    assert [at for _, at in pairs] == list(times)
    assert [value for value, _ in pairs] == [None if math.isnan(value) else value for value in values]
