import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FORMATS = sorted((ROOT / "docs" / "formats").glob("*.md"))
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """What a heading can be linked as, by the rule of the usual hosts."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(prose(page))}


def is_dead(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return False
    file, _, anchor = link.partition("#")
    target = (page.parent / file) if file else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


def sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py", "*.pyx", "*.pxi"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [ROOT / file for file in listed.stdout.splitlines() if (ROOT / file).is_file()]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_to_our_own_files_leads_somewhere(page):
    assert [link for link in LINK.findall(prose(page)) if is_dead(page, link)] == []


@pytest.mark.parametrize(
    ("link", "dead"), [("index.md", False), ("index.md#nowhere", True), ("gone.md", True), ("https://x.org/y", False)]
)
def test_a_dead_link_is_told_from_a_live_one(link, dead):
    assert is_dead(ROOT / "docs" / "glossary.md", link) is dead


def test_every_page_is_linked_from_the_index():
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(prose(index))}
    formats = (ROOT / "docs" / "formats").resolve()
    assert [name(page) for page in PAGES if page != index and page.resolve() not in linked and formats not in page.parents] == []


@pytest.mark.parametrize("page", FORMATS, ids=lambda page: page.name)
def test_the_example_of_a_format_is_decoded_by_a_test(page):
    """The test names the page it reads the example from."""
    tests = [test for test in (ROOT / "tests").rglob("test_*.py") if test != Path(__file__)]
    assert any(page.name in test.read_text() for test in tests)
    assert re.search(r"(?:\b[0-9a-f]{2}\b *){8}", page.read_text()), "the page shows no bytes"


def test_every_page_that_a_source_file_names_exists():
    named = {(name(file), page) for file in sources() for page in re.findall(r"docs/[\w/-]+\.md", file.read_text())}
    assert named
    assert sorted(pair for pair in named if not (ROOT / pair[1]).is_file()) == []


def test_the_changelog_has_a_place_for_what_comes():
    assert re.search(r"^## \[Unreleased\]$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_table_of_measurements_has_its_place():
    page = (ROOT / "docs" / "performance.md").read_text()
    assert page.index("<!-- measured: begin -->") < page.index("<!-- measured: end -->")
