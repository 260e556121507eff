import pytest
from cadent.schema.statistic import Statistic, guess_statistic, named_statistic
from hypothesis import given
from hypothesis import strategies as st

WORDS = {
    Statistic.SUM: ["count", "counts", "sum", "errors", "requests", "total"],
    Statistic.MAX: ["max", "upper"],
    Statistic.MIN: ["min", "lower"],
    Statistic.LAST: ["last", "gauge"],
}
EACH_WORD = [(word, statistic) for statistic, words in WORDS.items() for word in words]
PREFIXES = [("sum", Statistic.SUM), ("count", Statistic.SUM), ("upper", Statistic.MAX), ("lower", Statistic.MIN)]


@pytest.mark.parametrize(("word", "statistic"), EACH_WORD)
def test_a_segment_that_is_or_ends_in_the_word_has_its_statistic(word, statistic):
    capital = word.capitalize()
    for segment in (word, word.upper(), f"http_{word}", f"http-{word}", f"http{capital}", f"HTTP_{word.upper()}"):
        assert guess_statistic(f"a.b.{segment}") is statistic, segment
        assert guess_statistic(segment) is statistic, segment


@pytest.mark.parametrize(("word", "statistic"), EACH_WORD)
def test_the_word_must_stand_alone_and_in_the_last_segment(word, statistic):
    for path in (f"a.x{word}", f"a.{word}x", f"{word}.value", f"a.{word}.value", f"a_{word}.p"):
        assert guess_statistic(path) is Statistic.MEAN, path


@pytest.mark.parametrize(("prefix", "statistic"), PREFIXES)
def test_a_segment_that_begins_with_the_word_and_an_underscore_has_its_statistic(prefix, statistic):
    for segment in (f"{prefix}_90", f"{prefix}_ps", f"{prefix.upper()}_x"):
        assert guess_statistic(f"stats.timers.{segment}") is statistic, segment
    assert guess_statistic(f"stats.timers.{prefix}90") is Statistic.MEAN


@pytest.mark.parametrize(
    ("path", "statistic"),
    [
        ("stats.timers.upper_90", Statistic.MAX),
        ("stats.timers.count_ps", Statistic.SUM),
        ("stats.timers.mean_90", Statistic.MEAN),
        ("app.errorCount", Statistic.SUM),
        ("app.maxErrors", Statistic.SUM),
        ("app.account", Statistic.MEAN),
        ("app.discount", Statistic.MEAN),
        ("app.admin", Statistic.MEAN),
        ("app.max_connections", Statistic.MEAN),
        ("app.last_gasp", Statistic.MEAN),
        ("app.sum_max", Statistic.MAX),
        ("servers.web-1.cpu.total", Statistic.SUM),
        ("servers.web-1.load", Statistic.MEAN),
        ("disk.count;host=web-1", Statistic.SUM),
        ("disk.used;kind=total", Statistic.MEAN),
        ("disk.used;file=a.max", Statistic.MEAN),
        ("", Statistic.MEAN),
    ],
)
def test_well_known_names(path, statistic):
    assert guess_statistic(path) is statistic


@given(st.text(max_size=40))
def test_every_text_has_a_statistic_that_no_tag_changes(path):
    name = path.partition(";")[0]
    assert guess_statistic(path) is guess_statistic(name)


def test_a_statistic_is_its_word():
    assert str(Statistic.MEAN) == "mean"
    assert Statistic("max") is Statistic.MAX
    assert f"{Statistic.SUM}" == "sum"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("app.errorCount", ("count", Statistic.SUM)),
        ("stats.upper_90", ("upper", Statistic.MAX)),
        ("a.HTTP_TOTAL", ("total", Statistic.SUM)),
        ("a.sum_max", ("max", Statistic.MAX)),
        ("a.load;kind=max", None),
    ],
)
def test_the_word_that_tells_is_named(path, named):
    assert named_statistic(path) == named
