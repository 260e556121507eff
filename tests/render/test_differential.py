"""The same targets asked of graphite-web 1.1.10 and of Cadent: the answers are the same.

``targets/FAMILY.txt`` has a target a line, in which ``NOW-60`` is the unix second a minute before the samples' end, and after
`` ## `` other parameters than the usual ones. ``targets/differences.txt`` has
targets at which they are known to differ, each below a ``#`` line that says why: only where the oracle is wrong.
"""

import math
import re
import urllib.parse
from pathlib import Path

import pytest
import samples
from cadent.render.table import functions

pytestmark = pytest.mark.slow

TARGETS = Path(__file__).parent / "targets"
USUAL = {"from": "-1h", "until": "now", "now": samples.NOW, "format": "json"}


def cases(*files: Path) -> list:
    return [pytest.param(line, id=f"{file.stem}: {line}") for file in files for line in targets(file)]


def targets(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]


def request(line: str) -> dict[str, object]:
    dated = re.sub(r"\bNOW-(\d+)", lambda found: str(samples.NOW - int(found[1])), line)
    target, _, more = dated.partition(" ## ")
    others = urllib.parse.parse_qs(more.strip(), keep_blank_values=True)
    return {**USUAL, "target": target.strip(), **others}


def same(ours: float | None, theirs: float | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-300)


def difference(ours, theirs) -> str:
    """In what two answers differ; empty if in nothing."""
    if theirs.status != 200:
        return "" if 400 <= ours.status < 500 else f"theirs {theirs.status} {theirs.text[-300:]!r}, ours {ours.status}"
    if ours.status != 200:
        return f"ours {ours.status} {ours.text[:300]!r}, theirs 200 {theirs.text[:300]}"
    ours, theirs = ours.json, theirs.json
    names = [[series["target"] for series in answer] for answer in (ours, theirs)]
    if names[0] != names[1]:
        return f"names: ours {names[0]}, theirs {names[1]}"
    return next((found for pair in zip(ours, theirs, strict=True) if (found := series_difference(*pair))), "")


def series_difference(ours: dict, theirs: dict) -> str:
    name = ours["target"]
    if ours["tags"] != theirs["tags"]:
        return f"{name}: tags: ours {ours['tags']}, theirs {theirs['tags']}"
    times = [[at for _, at in series["datapoints"]] for series in (ours, theirs)]
    if times[0] != times[1]:
        ours, theirs = (f"{len(grid)} from {grid[:3]} to {grid[-2:]}" for grid in times)
        return f"{name}: times: ours {ours}, theirs {theirs}"
    for (value, at), (wanted, _) in zip(ours["datapoints"], theirs["datapoints"], strict=True):
        if not same(value, wanted):
            return f"{name}: at {at} (slot {times[0].index(at)} of {len(times[0])}): ours {value!r}, theirs {wanted!r}"
    return ""


@pytest.mark.parametrize("line", cases(*(file for file in sorted(TARGETS.glob("*.txt")) if file.stem != "differences")))
def test_the_answer_is_graphite_webs(exact, oracle, line):
    asked = request(line)
    assert difference(exact.web.post("/render", **asked), oracle.post("/render", **asked)) == ""


@pytest.mark.parametrize("line", cases(TARGETS / "differences.txt"))
def test_a_known_difference_is_one_still_and_no_error_of_ours(exact, oracle, line):
    asked = request(line)
    ours, theirs = exact.web.post("/render", **asked), oracle.post("/render", **asked)
    assert ours.status == 200 or 400 <= ours.status < 500
    assert theirs.status >= 500 or difference(ours, theirs)


@pytest.mark.parametrize("names", sorted({one.names for one in functions().values()}), ids=lambda names: names[0])
def test_every_function_is_asked_for_three_times_or_more_and_by_each_of_its_names(names):
    lines = [line for file in TARGETS.glob("*.txt") for line in targets(file)]
    asked = {name: sum(bool(re.search(rf"\b{name}\s*\(", line)) for line in lines) for name in names}
    assert sum(asked.values()) >= 3
    assert min(asked.values()) >= 1
