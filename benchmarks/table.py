"""Rows of the table in docs/performance.md."""

from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Row:
    """One figure. ``limit`` is what it may be at most, or at least with ``at_least``; None: nothing to compare with."""

    figure: str
    measured: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    peer: str = ""
    note: str = ""

    @property
    def excess(self) -> float:
        """How many times the limit is missed; 1 or less: it is met."""
        if self.limit is None:
            return 0.0
        return self.limit / self.measured if self.at_least else self.measured / self.limit

    @property
    def cells(self) -> tuple[str, ...]:
        target = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {number(self.limit)} {self.unit}"
        verdict = "" if self.limit is None else "yes" if self.excess <= 1 else f"**no**, {self.excess:.2f} x"
        return self.figure, target, f"{number(self.measured)} {self.unit}", self.peer, verdict, self.note


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def render(rows: list[Row]) -> str:
    """A Markdown table whose columns line up as plain text too."""
    lines = [("figure", "target", "measured", "peer, same run", "met", "note"), *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = tuple("-" * width for width in widths)
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in (lines[0], rule, *lines[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)


def insert(page: Path, report: str) -> None:
    """Put ``report`` between the markers of ``page``."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} has no place for the table: {BEGIN} ... {END}")
    page.write_text(f"{before}{BEGIN}\n{report}\n{END}{after}")
