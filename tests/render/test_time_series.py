import pytest
from cadent.render.time_series import tags_of


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("a.b", {"name": "a.b"}),
        ("a.b;dc=e;host=x=1", {"name": "a.b", "dc": "e", "host": "x=1"}),
        ("a.b;dc", {"name": "a.b;dc"}),
        ("scale(a.b;dc=e,2)", {"name": "scale(a.b;dc=e,2)"}),
        ("scale(a.b,2).more;dc=e", {"name": "scale(a.b,2).more", "dc": "e"}),
    ],
)
def test_a_path_carries_tags_and_the_result_of_a_function_none(name, tags):
    assert tags_of(name) == tags
