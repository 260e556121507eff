import io
import math
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timezone
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from cadent.render.pictures.options import Options
from cadent.render.pictures.picture import line_graph, pie_graph
from cadent.render.pictures.slices import Slice
from cadent.render.time_series import TimeSeries
from cadent.schema.errors import LimitExceeded
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

START = 1_699_999_200
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
PURE = "ff0000,00ff00,0000ff"
SVG = "{http://www.w3.org/2000/svg}"


def never():
    """Nothing takes too long."""


def line(name, values, step_s=10, start=START, **style):
    array = np.array(values, float)
    return TimeSeries.of(name, start, start + step_s * len(array), step_s, array).drawn(**style)


def wave(name="a.b", height=10, **style):
    return line(name, height + height / 2 * np.sin(np.arange(120) / 10), **style)


def drawn(*series, **parameters):
    return line_graph("png", series, Options.of({"colorList": PURE, **parameters}), timezone.utc, never)


def pixels(data):
    """(height, width, 3), read without the library that wrote them."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert zlib.crc32(data[at + 4 : at + 8 + size]) == struct.unpack_from(">I", data, at + 8 + size)[0]
        chunks[kind] = chunks.get(kind, b"") + data[at + 8 : at + 8 + size]
        at += 12 + size
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    found = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert found.shape == (height, width, 3)
    return found


def share(data, color):
    """Of pixels in this colour."""
    return float((pixels(data) == color).all(axis=2).mean())


def texts(*series, **parameters):
    root = ET.fromstring(line_graph("svg", series, Options.of(parameters), timezone.utc, never))
    return [element.text for element in root.iter(f"{SVG}text")]


def test_the_usual_size_is_graphites():
    assert pixels(drawn(wave())).shape == (250, 330, 3)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (10, 300), (300, 10), (800, 400), (1, 5_000)])
def test_a_picture_has_the_size_that_was_asked_for(width, height):
    assert pixels(drawn(wave(), width=str(width), height=str(height))).shape == (height, width, 3)


def test_every_line_shows_in_its_colour():
    data = drawn(wave(), wave(height=20), wave(height=30), lineWidth="3", hideLegend="true")
    assert all(share(data, color) > 0.005 for color in (RED, GREEN, BLUE))
    assert share(data, WHITE) > 0.7


def test_a_colour_of_a_series_goes_before_those_of_the_graph():
    data = drawn(wave(color="0000ff"), lineWidth="3", hideLegend="true")
    assert share(data, BLUE) > 0.005
    assert share(data, RED) == 0


def test_an_invisible_series_has_no_line():
    assert share(drawn(wave(invisible=True), hideLegend="true", lineWidth="3"), RED) == 0


def test_a_dark_theme_is_dark():
    assert share(drawn(wave(), template="classic"), BLACK) > 0.7


def test_areas_of_a_stack_lie_on_one_another():
    flat = [line(name, [value] * 60) for name, value in (("a", 10), ("b", 20), ("c", 30))]
    data = drawn(*flat, areaMode="stacked", graphOnly="true", yMax="60", yMin="0")
    wanted = [1 / 6, 1 / 3, 1 / 2]
    assert [share(data, color) for color in (RED, GREEN, BLUE)] == pytest.approx(wanted, abs=0.03)


def test_the_first_area_alone():
    data = drawn(line("a", [10] * 60), line("b", [5] * 60), areaMode="first", graphOnly="true", yMin="0", yMax="20")
    assert share(data, RED) == pytest.approx(0.5, abs=0.03)
    assert share(data, GREEN) < 0.02


def test_an_area_that_others_show_through():
    data = drawn(line("a", [10] * 60), areaMode="all", areaAlpha="0.5", graphOnly="true", yMin="0", yMax="20")
    found = pixels(data)
    assert found[200, 160] == pytest.approx((255, 128, 128), abs=2)
    assert found[20, 160].tolist() == list(WHITE)


def test_between_two_series_is_filled_alone():
    lower, upper = line("a", [5] * 60, filled=True, invisible=True), line("a", [10] * 60, filled=True)
    found = pixels(drawn(lower, upper, graphOnly="true", yMin="0", yMax="20"))
    assert found[60, 160].tolist() == list(WHITE)
    assert found[150, 160].tolist() == list(GREEN)
    assert found[220, 160].tolist() == list(WHITE)


def test_what_happened_is_a_line_over_the_whole_height():
    values = [math.nan] * 61
    values[30] = 1.0
    found = pixels(drawn(line("a", [0] * 61), line("b", values, infinite=True), graphOnly="true", lineWidth="3"))
    assert (found[5:245, 165] == GREEN).all()


def test_the_second_axis_has_labels_of_its_own():
    found = texts(line("a", [0, 10]), line("b", [0, 5e6], second_axis=True))
    assert {"10.0", "5.0 M"} <= set(found)


def test_titles_names_and_labels_are_in_an_svg():
    found = texts(wave("a.name"), title="The title", vtitle="upright", width="800")
    assert {"The title", "upright", "a.name", "22:10"} <= set(found)


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=50)
def test_no_name_or_title_breaks_out_of_an_svg(name, title):
    hostile = f"</text><script>alert(1)</script>{name}"
    root = ET.fromstring(
        line_graph("svg", [wave(hostile)], Options.of({"title": f"<&\"'>{title}", "vtitle": hostile}), timezone.utc, never)
    )
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "rect", "path", "text", "clipPath"}
    assert any((element.text or "").startswith("</text><script>") for element in root.iter())


def test_an_svg_says_its_size():
    root = ET.fromstring(line_graph("svg", [wave()], Options.of({"width": "400"}), timezone.utc, never))
    assert (root.get("width"), root.get("height")) == ("400", "250")


@pytest.mark.parametrize("series", [[], [line("a", [])]])
def test_without_data_the_picture_says_so(series):
    assert texts(*series) == ["No Data"]
    assert share(drawn(*series), WHITE) < 1


def test_a_series_of_gaps_has_axes_and_no_line():
    found = texts(line("a", [math.nan] * 60))
    assert "No Data" not in found
    assert {"0", "1.00"} <= set(found)


def test_more_than_ten_names_stand_below_on_request_alone():
    many = [wave(f"name{number}") for number in range(11)]
    assert "name3" not in texts(*many)
    assert "name3" in texts(*many, hideLegend="false")
    assert "name3" in texts(*many[:10])
    assert "name3" not in texts(*many[:10], hideLegend="true")


def test_a_long_legend_leaves_room_for_the_graph():
    many = [wave(f"name{number}", color="ff0000") for number in range(300)]
    found = pixels(drawn(*many, hideLegend="false", lineWidth="3"))
    assert (found[:100] == RED).all(axis=2).any()


def test_a_legend_has_a_name_once_on_request():
    assert texts(wave("same"), wave("same")).count("same") == 2
    assert texts(wave("same"), wave("same"), uniqueLegend="true").count("same") == 1


def test_a_legend_leaves_out_what_has_no_values_on_request():
    nothing = line("nothing", [math.nan] * 60)
    assert "nothing" in texts(nothing)
    assert "nothing" not in texts(nothing, hideNullFromLegend="true")


numbers = st.floats(allow_nan=True, allow_infinity=True)
modes = {
    "lineMode": st.sampled_from(["slope", "staircase", "connected"]),
    "areaMode": st.sampled_from(["none", "first", "all", "stacked"]),
    "areaAlpha": st.sampled_from(["", "0.5"]),
    "logBase": st.sampled_from(["", "10", "e", "1.01"]),
    "yMin": st.sampled_from(["", "5", "-1e300"]),
    "yMax": st.sampled_from(["", "5", "1e300"]),
    "yUnitSystem": st.sampled_from(["si", "binary", "none"]),
    "drawNullAsZero": st.sampled_from(["", "true"]),
    "title": st.text(max_size=20),
    "minorY": st.sampled_from(["0", "3"]),
    "graphOnly": st.sampled_from(["", "true"]),
    "yAxisSide": st.sampled_from(["left", "right"]),
    "format": st.sampled_from(["svg", "png"]),
}
styles = st.fixed_dictionaries(
    {},
    optional={
        "alpha": numbers,
        "line_width": numbers,
        "dash": numbers,
        "filled": st.booleans(),
        "infinite": st.booleans(),
        "second_axis": st.booleans(),
        "invisible": st.booleans(),
        "color": st.sampled_from(["red", "nonsense", "00ff0080"]),
    },
)
shapes = st.tuples(
    st.lists(numbers, max_size=12), st.sampled_from([1, 10, 60, 86_400]), st.integers(START - 50, START + 50), styles
)


@pytest.mark.parametrize("dash", [5e-324, 1e-12, 0.01, 0.99, -3.0, math.nan, math.inf])
def test_dashes_that_nobody_could_see_are_not_drawn_one_by_one(dash):
    assert share(drawn(wave(dash=dash), hideLegend="true"), RED) > 0


@given(st.lists(shapes, max_size=4), st.fixed_dictionaries({}, optional=modes))
@example([([1.7e308], 1, START, {})], {})
@example([([1.7e308], 1, START, {})], {"logBase": "10"})
@example([([-1.7e308, 1.7e308], 1, START, {})], {"areaMode": "stacked"})
@settings(max_examples=150, deadline=None)
def test_any_series_with_any_options_make_a_picture(found, parameters):
    series = [line(f"s{number}", values, step_s, start, **style) for number, (values, step_s, start, style) in enumerate(found)]
    data = line_graph(parameters.get("format", "png"), series, Options.of(parameters), timezone.utc, never)
    if parameters.get("format") == "svg":
        assert ET.fromstring(data).get("width") == "330"
        assert b"nan" not in data
    else:
        assert pixels(data).shape == (250, 330, 3)


def test_a_pie_shows_slices_in_proportion():
    data = pie_graph(
        "png", [Slice("a", 1), Slice("b", 3)], Options.of({"colorList": PURE, "hideLegend": "true", "valueLabels": "none"})
    )
    assert share(data, GREEN) / share(data, RED) == pytest.approx(3, rel=0.05)


@given(st.lists(st.tuples(st.text(max_size=10), numbers), max_size=5))
@settings(max_examples=50, deadline=None)
def test_any_slices_make_a_pie(found):
    slices = [Slice(name, value) for name, value in found]
    labels = [element.text for element in ET.fromstring(pie_graph("svg", slices, Options())).iter(f"{SVG}text")]
    whole = sum(value for _, value in found if 0 < value < math.inf)
    assert (labels == ["No Data"]) is not (0 < whole < math.inf)


def test_pies_say_shares_or_values():
    def labels(**parameters):
        root = ET.fromstring(pie_graph("svg", [Slice("a", 1), Slice("b", 3), Slice("c", 1e-3)], Options.of(parameters)))
        return [element.text for element in root.iter(f"{SVG}text")]

    assert labels() == ["a", "b", "c", "24.99%", "74.98%"]
    assert labels(valueLabels="number", valueLabelsMin="0") == ["a", "b", "c", "1", "3", "0.00"]
    assert labels(valueLabels="none") == ["a", "b", "c"]


def test_eight_threads_draw_what_one_does():
    kinds = [("png", {"title": f"Number {number}", "fontSize": str(8 + number)}) for number in range(8)]

    def draw(kind):
        form, parameters = kind
        return line_graph(form, [wave(f"s{number}") for number in range(5)], Options.of(parameters), timezone.utc, never)

    alone = [draw(kind) for kind in kinds]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(draw, kinds * 5)) == alone * 5


@pytest.mark.parametrize("mode", ["none", "stacked"])
def test_drawing_ends_when_its_time_is_over(mode):
    calls = []

    def check():
        calls.append(None)
        if len(calls) == 3:
            raise LimitExceeded("too long")

    with pytest.raises(LimitExceeded):
        line_graph("png", [wave()] * 5, Options.of({"areaMode": mode}), timezone.utc, check)
    assert len(calls) == 3
