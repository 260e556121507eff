import logging
import re
import subprocess
import sys

import pytest
from cadent.service.processes.logs import OneLine, set_up

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (\w+) writer: (.*)")


def formatted(message, *arguments, level=logging.WARNING, exc_info=None):
    record = logging.LogRecord("cadent", level, __file__, 1, message, arguments, exc_info)
    line = OneLine("writer").format(record)
    assert "\n" not in line
    return LINE.fullmatch(line).groups()


def test_a_line_has_time_level_role_and_words():
    assert formatted("%d windows", 3) == ("warning", "3 windows")


def test_a_message_of_several_lines_is_one():
    assert formatted("a\nb") == ("warning", "a | b")


def test_an_exception_is_what_and_where_on_the_same_line():
    try:
        int("two\nlines")
    except ValueError:
        level, words = formatted("failed", level=logging.ERROR, exc_info=sys.exc_info())
    assert level == "error"
    assert "ValueError: invalid literal" in words
    assert "test_logs.py" in words


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_least_level_is_heeded(tmp_path, level, shown):
    code = (
        "import logging; from cadent.service.processes.logs import set_up; "
        f"set_up('writer', {level!r}); log = logging.getLogger('cadent.x');"
        "log.debug('d'); log.info('i'); log.warning('w'); log.error('e')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert [LINE.fullmatch(line)[2] for line in done.stderr.splitlines()] == ["d", "i", "w", "e"][4 - shown :]


def test_set_up_again_replaces_what_was_set_up():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        set_up("writer", "info")
        set_up("writer", "error")
        assert len(root.handlers) == 1
        assert root.level == logging.ERROR
    finally:
        root.handlers[:], root.level = before
