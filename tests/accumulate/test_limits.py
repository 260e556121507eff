"""Limits that cannot work are refused."""

import pytest
from cadent.accumulate.limits import Limits
from cadent.schema.errors import ConfigError


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"open_windows_bytes": (1 << 20) - 1}, "open_windows_bytes is 1048575"),
        ({"grace_s": -1}, "grace is -1s"),
        ({"quiet_s": -0.1}, "quiet_s -0.1"),
        ({"paths": 0}, "paths 0"),
        ({"aliases": -1}, "aliases -1"),
    ],
)
def test_a_limit_that_cannot_work_is_named(limits, message):
    with pytest.raises(ConfigError, match=message):
        Limits(**limits)


def test_the_least_limits_are_taken():
    assert Limits(open_windows_bytes=1 << 20, grace_s=0, quiet_s=0, paths=1, aliases=0).grace_s == 0
