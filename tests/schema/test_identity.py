from cadent.schema.identity import Identity, Level, Mode
from hypothesis import given
from hypothesis import strategies as st


@given(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True), st.integers(1, 86_400))
def test_a_level_reads_back_from_its_text(policy, step_s):
    level = Level(policy, step_s)
    assert Level.parse(str(level)) == level


def test_a_level_is_written_as_its_folder():
    assert str(Level("default", 10)) == "default/10"


def test_modes_keep_the_numbers_that_files_hold():
    assert (Mode.ADD, Mode.REPLACE) == (0, 1)
    assert Identity("default/a", 3, 9).mode is Mode.ADD
