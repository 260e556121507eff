import inspect
import re

import pytest
from cadent.schema import errors

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}


def drawn_tree() -> dict[str, str]:
    """Class -> parent, as the docstring draws it."""
    parents, branch = {}, [""] * 4
    for line in inspect.getdoc(errors).splitlines():
        drawn = re.match(r"([│ ├└─]*)([A-Z]\w+)(\s|$)", line)
        if drawn and drawn[2] in CLASSES:
            depth = len(drawn[1]) // 4
            branch[depth] = drawn[2]
            parents[drawn[2]] = branch[depth - 1] if depth else "Exception"
    return parents


def test_the_tree_in_the_docstring_is_the_tree_in_the_code():
    assert drawn_tree() == {name: kind.__bases__[0].__name__ for name, kind in CLASSES.items()}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_says_what_it_is(name):
    assert CLASSES[name].__doc__


def test_a_damaged_file_is_named_with_its_offset():
    error = errors.Damaged("default/10/x.block", 4096, "checksum 0x1 is not 0x2")
    assert str(error) == "default/10/x.block is damaged at byte 4096: checksum 0x1 is not 0x2"
    assert (error.file, error.offset) == ("default/10/x.block", 4096)


def test_a_refused_line_is_shown_short_with_its_reason():
    error = errors.InvalidLine("value", b"a x 1" + b"y" * 10_000)
    assert error.reason == "value"
    assert "b'a x 1y" in str(error)
    assert len(str(error)) < 300
