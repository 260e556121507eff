"""docs/functions.md: every function, and every difference to graphite-web."""

from pathlib import Path

import pytest
from cadent.render.table import functions
from cadent.service.docs.functions import DIFFERENCES, functions_page

TARGETS = Path(__file__).parents[2] / "render" / "targets" / "differences.txt"


@pytest.fixture(scope="module")
def page():
    return functions_page()


@pytest.fixture(scope="module")
def tested():
    """The targets at which the differential suite looks for a difference."""
    lines = TARGETS.read_text().splitlines()
    targets = {line for line in lines if line and not line.startswith("#")}
    return targets | {target.partition(" ## ")[0] for target in targets}


def test_every_name_of_a_function_is_on_the_page(page):
    assert [name for name in functions() if f"`{name}(" not in page] == []


def test_a_row_has_three_cells(page):
    rows = [line.replace(r"\|", "") for line in page.splitlines() if line.startswith("| ")]
    assert len(rows) > 140
    assert [row for row in rows if row.count("|") != 4] == []


@pytest.mark.parametrize(
    ("name", "coarser"), [("alias", "always"), ("sumSeries", "average, sum"), ("derivative", ""), ("scale", "by its arguments")]
)
def test_a_row_says_whether_coarser_points_may_be_read(page, name, coarser):
    row = next(line for line in page.splitlines() if line.startswith(f"| `{name}("))
    assert row.endswith(f"| {coarser} |")


def test_there_are_at_most_ten_differences():
    assert 0 < len(DIFFERENCES) <= 10


def test_every_difference_is_looked_at_by_the_suite(tested):
    assert [example for one in DIFFERENCES for example in one.examples if example not in tested] == []
