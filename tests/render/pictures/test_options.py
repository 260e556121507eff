import pytest
from cadent.render.pictures.colors import Color, color
from cadent.render.pictures.options import Options
from cadent.render.pictures.themes import THEMES
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st

NAMES = [
    "width",
    "height",
    "margin",
    "bgcolor",
    "fgcolor",
    "fontName",
    "fontSize",
    "fontBold",
    "fontItalic",
    "colorList",
    "template",
    "yAxisSide",
    "title",
    "vtitle",
    "lineMode",
    "lineWidth",
    "hideLegend",
    "hideAxes",
    "minXStep",
    "hideGrid",
    "majorGridLineColor",
    "minorGridLineColor",
    "thickness",
    "min",
    "max",
    "graphOnly",
    "yMin",
    "yMax",
    "yLimit",
    "yStep",
    "areaMode",
    "areaAlpha",
    "drawNullAsZero",
    "tz",
    "pieMode",
    "yUnitSystem",
    "logBase",
    "yMinLeft",
    "yMinRight",
    "yMaxLeft",
    "yMaxRight",
    "yLimitLeft",
    "yLimitRight",
    "yStepLeft",
    "yStepRight",
    "rightWidth",
    "rightColor",
    "rightDashed",
    "leftWidth",
    "leftColor",
    "leftDashed",
    "xFormat",
    "minorY",
    "hideYAxis",
    "uniqueLegend",
    "vtitleRight",
    "yDivisors",
    "connectedLimit",
    "hideXAxis",
    "hideNullFromLegend",
    "valueLabels",
    "valueLabelsMin",
    "valueLabelsColor",
]
ODD = [
    "",
    "0",
    "-1",
    "1e999",
    "nan",
    "inf",
    "-7.5",
    "true",
    "FALSE",
    "default",
    "x" * 300,
    "%00",
    "#",
    "4,5,x",
    "0,0",
    "😀",
    "e",
]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ff0000", Color(1, 0, 0)),
        ("#00ff0000", Color(0, 1, 0, 0)),
        ("%230000ff", Color(0, 0, 1)),
        ("black", Color(0, 0, 0)),
        ("magenta", Color(1, 0, 1)),
        ("no such", None),
        ("ff00", None),
        ("gg0000", None),
        ("", None),
    ],
)
def test_colours(text, wanted):
    assert color(text) == wanted


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ODD) | st.text(max_size=5), max_size=8))
def test_what_is_not_sensible_is_passed_over(given_parameters):
    options = Options.of(given_parameters)
    assert options.width >= 1
    assert options.height >= 1
    assert options.line_mode in ("slope", "staircase", "connected")
    assert options.theme.lines


def test_without_any_it_is_graphites():
    assert Options.of({}) == Options()
    assert (Options().width, Options().height, Options().line_width) == (330, 250, 1.2)
    assert Options().theme.background == color("white")


@pytest.mark.parametrize("size", [{"width": "5001"}, {"height": "5001"}, {"width": "4000", "height": "4000"}, {"width": "1e8"}])
def test_a_picture_that_is_too_large_is_refused(size):
    with pytest.raises(QueryError, match=r"width=\d+, height=\d+: want at most 5000"):
        Options.of(size)


def test_the_largest_is_not():
    assert Options.of({"width": "5000", "height": "2000"}).width == 5_000


@pytest.mark.parametrize("name", THEMES)
def test_a_theme_by_name_and_single_colours_over_it(name):
    assert Options.of({"template": name}).theme == THEMES[name]
    mixed = Options.of({"template": name, "bgcolor": "123456", "colorList": "red,nonsense,%2300ff00"}).theme
    assert mixed.background == color("123456")
    assert mixed.lines == (color("red"), color("00ff00"))
    assert mixed.foreground == THEMES[name].foreground


def test_a_format_of_time_with_a_width_is_none():
    assert Options.of({"xFormat": "%H:%M"}).clock_format == "%H:%M"
    assert Options.of({"xFormat": "%99999999d"}).clock_format is None
    assert Options.of({"xFormat": "%"}).clock_format is None


def test_a_bare_graph_has_nothing_but_lines():
    options = Options.of({"graphOnly": "true", "title": "a", "hideLegend": "false"})
    assert (options.title, options.margin, options.hide_axes, options.hide_legend) == ("", 0, True, True)


def test_titles_may_be_escaped_twice():
    assert Options.of({"title": "two+words%21"}).title == "two words!"
