"""A hundred series of months and years out of roll-ups, warm. They are put into the store as a roll-up would leave them."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from cadent.codec.points import roll_up
from cadent.schema.grid import COLUMNS, Grid
from cadent.schema.identity import Identity, Level
from cadent.schema.protocols import Slice
from cadent.schema.resolution import DAY_S, span_of
from cadent.stores.files.store import FilesStore
from cadent.writers.keeping.levels import Keeping

from .latency import milliseconds, percentile
from .lines import STEP_S
from .mix import mix
from .names import give_names
from .servers import Cadent, binary_values
from .table import Row

MONTH_S, YEAR_S = 30 * DAY_S, 365 * DAY_S
TIMES = 15
MOST_BYTES = 100 << 20


def measure(folder: Path, *, quick: bool) -> list[Row]:
    times = 3 if quick else TIMES
    today = int(time.time()) // DAY_S * DAY_S
    build(folder / "data", today, years=1 if quick else 2)
    server = Cadent(folder)
    try:
        return [
            row(server, "100 series x 30 d at 1 min, binary", today - MONTH_S, today, 60, 60, times),
            row(server, "100 series x 2 y at 10 min, binary", today - 2 * YEAR_S, today, 600, 120, times),
        ]
    finally:
        server.stop()


def row(server: Cadent, figure: str, start: int, stop: int, step_s: int, limit_ms: float, times: int) -> Row:
    span = {"from": start - 1, "to": stop, "step": step_s}
    request = partial(
        server.http.get_into, bytearray(MOST_BYTES), "/graphite/metrics", target="long.*", format="binary", agg="mean", **span
    )
    values = binary_values(request())
    present = np.count_nonzero(~np.isnan(values))
    taken = percentile(milliseconds(request, times, warm_up=3), 50)
    return Row(figure, taken, "ms", limit_ms, note=f"mean of {present:,} points; {len(values):,} slots")


def build(data: Path, today: int, years: int) -> None:
    """30 days at 1 min, and at 10 min the same month over and over for years."""
    give_names(data, [f"long.series-{number:02d}" for number in range(100)], today)
    minutes, tens = rolled_up(60), rolled_up(600)
    store = FilesStore(data, write=True)
    fine, coarse = Keeping(Level("default", 60), MONTH_S, None), Keeping(Level("default", 600), 2 * YEAR_S, None)
    fill(store, coarse, repeated(tens, today - years * YEAR_S, today - MONTH_S))
    fill(store, fine, repeated(minutes, today - MONTH_S, today))
    newest = slices(coarse.level, 1, repeated(tens, today - MONTH_S, today), today - MONTH_S, today)
    store.roll_up(fine.level, store.snapshot().sets(fine.level), coarse.level, newest)
    store.merge(coarse.level, [one for one in store.snapshot().sets(coarse.level) if one.start >= today - MONTH_S])
    store.close()


def rolled_up(step_s: int) -> Grid:
    """A month of the class mix from the time 0 on."""
    samples = mix(MONTH_S // STEP_S)
    parts = [roll_up(Grid(0, STEP_S, (~np.isnan(row)).astype(np.int64), *[row] * 4), step_s) for row in samples[:, None]]
    return Grid(0, step_s, *(np.concatenate([getattr(part, name) for part in parts]) for name in ("count", *COLUMNS)))


def repeated(grid: Grid, start: int, stop: int) -> Grid:
    """The same points over and over."""
    slots = np.arange((stop - start) // grid.step_s) % grid.shape[1]
    return Grid(start, grid.step_s, *(np.ascontiguousarray(getattr(grid, name)[:, slots]) for name in ("count", *COLUMNS)))


def fill(store: FilesStore, kept: Keeping, grid: Grid) -> None:
    """A seal for each bucket, and its sets merged into one, as compaction leaves them."""
    edges = sorted({grid.start, *range(-(-grid.start // kept.bucket_s) * kept.bucket_s, grid.stop, kept.bucket_s), grid.stop})
    for sequence, (start, stop) in enumerate(pairwise(edges), 1):
        before = {one.number for one in store.snapshot().sets(kept.level)}
        store.seal(kept.level, sequence, slices(kept.level, sequence, grid, start, stop))
        store.merge(kept.level, [one for one in store.snapshot().sets(kept.level) if one.number not in before])


def slices(level: Level, sequence: int, grid: Grid, start: int, stop: int) -> Iterator[Slice]:
    """One for each span."""
    span_s = span_of(level.step_s)
    ids, identity = np.arange(grid.shape[0], dtype=np.uint32), Identity("main/1", sequence, sequence)
    for begin in range(start, stop, span_s):
        first, end = ((time - grid.start) // grid.step_s for time in (begin, begin + span_s))
        columns = (np.ascontiguousarray(getattr(grid, name)[:, first:end]) for name in ("count", *COLUMNS))
        yield Slice(level, identity, ids, Grid(begin, level.step_s, *columns))
