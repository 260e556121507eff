import csv
import io
import itertools
import json
import math
import pickle
from datetime import timedelta, timezone

import msgpack
import numpy as np
import pytest
from cadent.api.encode import join
from cadent.api.formats.form import Wish
from cadent.api.formats.table import FORMS
from cadent.query.limits import Deadline
from cadent.render.time_series import TimeSeries
from cadent.schema.errors import LimitExceeded
from folder import RANGE, START
from hypothesis import given
from hypothesis import strategies as st

NEVER = Deadline(1, lambda: 0.0)
WISH = Wish(timezone(timedelta(hours=5, minutes=30)), NEVER)
EMPTY = {"dygraph": b"{}", "csv": b"", "raw": b""}

values = st.lists(st.floats(allow_infinity=True, allow_nan=True), min_size=1, max_size=30)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def line(name="a.b", values=(1.5, math.nan), start=1_700_000_000, step_s=10, **more):
    array = np.array(values, float)
    return TimeSeries.of(name, start, start + len(array) * step_s, step_s, array, **more)


def written(form, *series, **wish):
    return b"".join(join(FORMS[form].encode(series, Wish(WISH.zone, NEVER, **wish))))


def same(found, wanted):
    """Gaps, signs of zero and all."""
    assert [math.nan if one is None else one for one in found] == pytest.approx(wanted, abs=0, rel=0, nan_ok=True)


@given(st.lists(values, min_size=1, max_size=4), names)
def test_json_reads_back_as_the_same_numbers(columns, name):
    series = [line(name, column) for column in columns]
    read = json.loads(written("json", *series))
    assert [one["target"] for one in read] == [name] * len(columns)
    for one, column in zip(read, columns, strict=True):
        same([value for value, _ in one["datapoints"]], column)
        assert [at for _, at in one["datapoints"]] == list(range(1_700_000_000, 1_700_000_000 + 10 * len(column), 10))


@given(st.lists(values, max_size=4), names)
def test_pretty_json_says_the_same_and_looks_like_pythons(columns, name):
    series = [line(name, column) for column in columns]
    pretty = written("json", *series, pretty=True)
    assert json.loads(pretty) == json.loads(written("json", *series)) or "NaN" in str(json.loads(pretty))
    if columns and all(abs(value) < 1e6 and round(value, 2) == value for column in columns for value in column):
        assert json.loads(pretty) == json.loads(json.dumps(json.loads(pretty), indent=2))
        assert pretty.count(b"\n") == json.dumps(json.loads(pretty), indent=2).count("\n")


@given(st.lists(values, max_size=4))
def test_json_without_gaps_has_the_filled_slots_of_series_that_have_any(columns):
    read = json.loads(written("json", *(line(values=column) for column in columns), filled=True))
    filled = [
        [[value, 1_700_000_000 + 10 * at] for at, value in enumerate(column) if not math.isnan(value)] for column in columns
    ]
    assert [one["datapoints"] for one in read] == [pairs for pairs in filled if pairs]


def test_json_word_by_word():
    data = written("json", line("a.b;dc=x;host=y=z", [1.0]), line("a.c", [math.nan]))
    assert data == (
        b'[{"target":"a.b;dc=x;host=y=z","tags":{"name":"a.b","dc":"x","host":"y=z"},"datapoints":[[1.0,1700000000]]},'
        b'{"target":"a.c","tags":{"name":"a.c"},"datapoints":[[null,1700000000]]}]'
    )


def test_what_is_infinite_is_a_number_too_large_for_json():
    data = written("json", line(values=[math.inf, -math.inf, 2.0]))
    assert b"[[1e9999,1700000000],[-1e9999,1700000010],[2.0,1700000020]]" in data


def test_no_slot_after_the_end_is_shown():
    one = TimeSeries.of("a", 0, 20, 10, np.arange(5.0))
    assert json.loads(written("json", one))[0]["datapoints"] == [[0.0, 0], [1.0, 10], [2.0, 20]]


def test_json_alone_shows_fewer_points_on_request():
    series = line(values=range(40))
    assert len(json.loads(written("json", series, max_points=8))[0]["datapoints"]) <= 8
    assert written("raw", series, max_points=8) == written("raw", series)


@given(st.lists(values, max_size=4), names)
def test_csv_reads_back_with_local_times(columns, name):
    text = written("csv", *(line(name, column, 1_700_000_000) for column in columns)).decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == sum(map(len, columns))
    same([float(value or "nan") for _, _, value in rows], list(itertools.chain(*columns)))
    assert {row[0] for row in rows} <= {name}
    assert all(at == 0 or row[1] for at, row in enumerate(rows))


def test_csv_word_by_word():
    # 1,700,000,000 is 22:13:20 UTC.
    assert written("csv", line('a,"b"', [1.5, math.nan]), line("c", [-math.inf])) == (
        b'"a,""b""",2023-11-15 03:43:20,1.5\r\n"a,""b""",2023-11-15 03:43:30,\r\nc,2023-11-15 03:43:20,-inf\r\n'
    )


def test_raw_word_by_word():
    assert written("raw", line("sum(a,b)", [1.5, math.nan, math.inf]), line("c", [])) == (
        b"sum(a,b),1700000000,1700000030,10|1.5,None,inf\nc,1700000000,1700000000,10|\n"
    )


@given(st.lists(values, max_size=4), names)
def test_pickle_and_msgpack_have_all_that_is_known(columns, name):
    series = [line(name, column, expression="f(a)", consolidation="max", x_files_factor=0.5) for column in columns]
    read = pickle.loads(written("pickle", *series))
    assert repr(read) == repr(sorted_alike(msgpack.unpackb(written("msgpack", *series)), read))
    for record, column in zip(read, columns, strict=True):
        same(record.pop("values"), column)
        assert record == {
            "name": name,
            "start": 1_700_000_000,
            "end": 1_700_000_000 + 10 * len(column),
            "step": 10,
            "pathExpression": "f(a)",
            "valuesPerPoint": 1,
            "consolidationFunc": "max",
            "xFilesFactor": 0.5,
        }


def sorted_alike(records, others):
    return [{key: record[key] for key in other} for record, other in zip(records, others, strict=True)]


def test_a_pickle_holds_plain_types_alone():
    class Strict(pickle.Unpickler):
        def find_class(self, module, name):
            raise AssertionError(f"{module}.{name}")

    record = Strict(io.BytesIO(written("pickle", line(start=np.int64(1_700_000_000))))).load()[0]
    assert {type(value) for value in record.values()} == {str, int, float, list}
    assert [type(value) for value in record["values"]] == [float, type(None)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3), values), min_size=1, max_size=4))
def test_dygraph_is_one_table_by_time(shapes):
    series = [line(f"s{at}", column, start, step_s) for at, (start, step_s, column) in enumerate(shapes)]
    table = json.loads(written("dygraph", *series))
    assert table["labels"] == ["Time", *(one.name for one in series)]
    wanted = [dict(zip(range(one.start, one.stop, one.step_s), one.values, strict=True)) for one in series]
    times = sorted(set().union(*wanted))
    assert [row[0] for row in table["data"]] == [1_000 * at for at in times]
    for at, row in zip(times, table["data"], strict=True):
        same(row[1:], [column.get(at, math.nan) for column in wanted])


def test_dygraph_word_by_word():
    assert written("dygraph", line('a"b', [1.5, math.nan]), line("c", [2, math.inf])) == (
        b'{"labels" : ["Time", "a\\"b", "c"], "data" : [[1700000000000, 1.5, 2.0], [1700000010000, null, 1e9999]]}'
    )


@given(st.lists(values, max_size=4), names)
def test_rickshaw_has_a_point_for_each_slot(columns, name):
    read = json.loads(written("rickshaw", *(line(name, column) for column in columns)))
    assert [one["target"] for one in read] == [name] * len(columns)
    for one, column in zip(read, columns, strict=True):
        same([point["y"] for point in one["datapoints"]], column)
        assert [point["x"] for point in one["datapoints"]] == [1_700_000_000 + 10 * at for at in range(len(column))]


@pytest.mark.parametrize("form", FORMS)
def test_no_series_and_series_without_slots_can_be_written(form):
    assert written(form) == EMPTY.get(form, written(form))
    assert written(form, line(values=[]), line()) != written(form)
    assert written(form, line(values=[])) is not None


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_up_when_its_time_is_over(form):
    clock = iter([0.0, 2.0])
    with pytest.raises(LimitExceeded):
        FORMS[form].encode([line()], Wish(WISH.zone, Deadline(1, lambda: next(clock))))


@pytest.mark.parametrize(
    ("parameters", "content_type"),
    [
        ({"format": "json"}, "application/json"),
        ({"format": "csv"}, "text/csv; charset=utf-8"),
        ({"format": "raw"}, "text/plain; charset=utf-8"),
        ({"rawData": ""}, "text/plain; charset=utf-8"),
        ({"rawData": "true", "format": "json"}, "application/json"),
        ({"format": "msgpack"}, "application/x-msgpack"),
        ({"format": "pickle"}, "application/pickle"),
        ({"pickle": "1"}, "application/pickle"),
        ({"format": "dygraph"}, "application/json"),
        ({"format": "rickshaw"}, "application/json"),
        ({"format": "json", "jsonp": "a.b"}, "text/javascript; charset=utf-8"),
        ({"format": "csv", "jsonp": "a.b"}, "text/csv; charset=utf-8"),
    ],
)
def test_a_format_is_said_in_the_header(client, parameters, content_type):
    answer = client.get("/render", query_string={"target": "fast.a.load", **RANGE, **parameters})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("form", ["json", "dygraph", "rickshaw"])
def test_jsonp_is_a_call_with_what_would_be_answered(client, form):
    asked = {"target": "fast.a.load", "format": form, **RANGE}
    plain = client.get("/render", query_string=asked).data
    assert client.get("/render", query_string={**asked, "jsonp": "page.draw"}).data == b"page.draw(" + plain + b")"


def test_jsonp_takes_no_more_than_a_name(client):
    answer = client.get("/render", query_string={"target": "fast.a.load", "format": "json", "jsonp": "alert(1);x", **RANGE})
    assert answer.status_code == 400
    assert "alert(1);x" in answer.text


def test_csv_is_in_the_time_zone_of_the_request(client):
    asked = {"target": "fast.a.load", "format": "csv", "tz": "Asia/Kolkata", **RANGE}
    first = client.get("/render", query_string=asked).text.splitlines()[0]
    # START is 22:00:00 UTC on the 14th.
    assert START == 1_699_999_200
    assert first == "fast.a.load,2023-11-15 03:30:00,"
