"""What is said of a long work."""

import io

from cadent.service.copying.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def told(out, *advances):
    """What 1,000 cells look like after each (seconds, cells)."""
    clock = Clock()
    progress = Progress(1_000, out, clock)
    for seconds, cells in advances:
        clock.now += seconds
        progress.advance(cells)
    progress.end()
    return out.getvalue()


def test_a_line_says_how_much_is_done_how_fast_and_how_long_the_rest_takes():
    assert told(io.StringIO(), (20.0, 400)) == " 40%, 20 windows/s, 30 s left\n"


def test_lines_come_some_seconds_apart():
    assert told(io.StringIO(), *[(1.0, 10)] * 35).count("\n") == 3


def test_a_terminal_has_a_bar_which_goes_at_the_end():
    shown = told(Terminal(), (20.0, 500))
    assert "\n" not in shown
    assert f"[{'#' * 15}{' ' * 15}]  50%" in shown
    assert shown.endswith("\r\x1b[K")


def test_more_than_was_expected_is_all():
    assert told(io.StringIO(), (20.0, 4_000)).startswith("100%")
