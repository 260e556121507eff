import pytest
from cadent.index.living import read_living
from cadent.schema.errors import Unavailable
from parts import BASE, COARSE, Parts, Window, fold, names, paths, stored


def rows(*windows: Window) -> list:
    return [window.rows() for window in windows]


def test_rows_are_found_with_all_their_statistics(parts):
    parts.flusher.add_names(names(0, "a", "b"))
    assert parts.flusher.write(rows(Window(BASE, 1_000, {0: [1.5], 1: [3.0, -1.0, 2.0]}))) == 1
    found = stored(parts.folder, BASE, [0, 1], 990, 10)
    assert found == {(0, 1_000): fold(1_000, [1.5]), (1, 1_000): fold(1_000, [3.0, -1.0, 2.0])}
    assert paths(parts.folder) == {0: "a", 1: "b"}


def test_sequences_are_counted_over_all_levels(parts):
    parts.flusher.add_names(names(0, "a"))
    assert (
        parts.flusher.write(rows(Window(BASE, 60, {0: [1.0]}), Window(COARSE, 0, {0: [1.0]}), Window(BASE, 70, {0: [2.0]}))) == 3
    )
    assert parts.flusher.write(rows(Window(COARSE, 60, {0: [4.0]}))) == 4
    parts.close()
    assert Parts(parts.folder).recovered == 4


def test_a_window_that_comes_twice_is_added(parts):
    parts.flusher.add_names(names(0, "a"))
    parts.flusher.write(rows(Window(BASE, 1_000, {0: [1.0, 5.0]})))
    parts.flusher.write(rows(Window(BASE, 1_000, {0: [2.0]})))
    assert stored(parts.folder, BASE, [0], 1_000, 1) == {(0, 1_000): fold(1_000, [1.0, 5.0, 2.0])}


def test_what_one_level_refuses_no_level_keeps(parts, monkeypatch):
    def refuse(*_):
        raise Unavailable("full")

    parts.flusher.add_names(names(0, "a"))
    parts.flusher.write(rows(Window(BASE, 60, {0: [1.0]}), Window(COARSE, 60, {0: [1.0]})))
    windows = rows(Window(BASE, 70, {0: [2.0]}), Window(COARSE, 120, {0: [2.0]}))
    with monkeypatch.context() as patched:
        patched.setattr(parts.logs[COARSE], "_segment_for", refuse)
        with pytest.raises(Unavailable):
            parts.flusher.write(windows)
    assert parts.flusher.last_sequence == 2
    assert set(stored(parts.folder, BASE, [0], 60, 10)) == {(0, 60)}
    assert parts.flusher.write(windows) == 4
    assert set(stored(parts.folder, BASE, [0], 60, 10)) == {(0, 60), (0, 70)}
    assert set(stored(parts.folder, COARSE, [0], 60, 10)) == {(0, 60), (0, 120)}


def test_what_cannot_be_taken_back_at_once_is_before_anything_else_is_written(parts, monkeypatch):
    def refuse(*_):
        raise Unavailable("full")

    parts.flusher.add_names(names(0, "a"))
    with monkeypatch.context() as patched:
        patched.setattr(parts.logs[COARSE], "_segment_for", refuse)
        patched.setattr(parts.logs[BASE], "undo", refuse)
        with pytest.raises(Unavailable):
            parts.flusher.write(rows(Window(BASE, 70, {0: [2.0]}), Window(COARSE, 120, {0: [2.0]})))
        with pytest.raises(Unavailable):
            parts.flusher.write(rows(Window(BASE, 80, {0: [3.0]})))
    assert parts.flusher.write(rows(Window(COARSE, 180, {0: [4.0]}))) == 1
    assert stored(parts.folder, BASE, [0], 60, 10) == {}
    assert set(stored(parts.folder, COARSE, [0], 60, 10)) == {(0, 180)}


def test_names_are_synced_before_rows_are_written(parts, monkeypatch):
    def refuse():
        raise Unavailable("full")

    parts.flusher.add_names(names(0, "a"))
    monkeypatch.setattr(parts.names, "sync", refuse)
    with pytest.raises(Unavailable):
        parts.flusher.write(rows(Window(BASE, 60, {0: [1.0]})))
    assert stored(parts.folder, BASE, [0], 60, 1) == {}
    monkeypatch.undo()


def test_the_names_log_knows_the_first_and_last_day_of_a_path(parts):
    day = 86_400
    parts.flusher.add_names(names(0, "a", "b", day=100))
    for time, number in ((100 * day, 0), (102 * day + 50, 0), (98 * day, 0), (101 * day, 1), (101 * day + 10, 1)):
        parts.flusher.write(rows(Window(BASE, time, {number: [1.0]})))
    known = read_living(parts.folder)
    assert (known.ids.tolist(), known.first.tolist(), known.last.tolist()) == ([0, 1], [98, 100], [102, 101])
