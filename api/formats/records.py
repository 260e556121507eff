"""``format=msgpack`` and ``format=pickle``: series with all that is known of them, for other servers."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import msgpack  # type: ignore[import-untyped] # it has no stubs of its own
import numpy as np

from ...render.time_series import TimeSeries
from ...schema.grid import Floats
from ..encode import Piece
from .form import Wish

MSGPACK = "application/x-msgpack"
PICKLE = "application/pickle"

_FLOAT64 = 0xCB
_NIL = 0xC0


def encode_pickle(series: Sequence[TimeSeries], wish: Wish) -> list[Piece]:
    """A list of dicts of plain types; ``values`` are floats, None for a gap."""
    records = []
    for one in series:
        wish.deadline.check()
        records.append({**_facts(one), "values": _objects(one.values)})
    return [pickle.dumps(records, protocol=pickle.HIGHEST_PROTOCOL)]


def encode_msgpack(series: Sequence[TimeSeries], wish: Wish) -> list[Piece]:
    """The same list."""
    packer = msgpack.Packer()
    pieces: list[Piece] = [packer.pack_array_header(len(series))]
    for one in series:
        wish.deadline.check()
        facts = _facts(one)
        pieces.append(packer.pack_map_header(len(facts) + 1))
        pieces += [packer.pack(word) for fact in facts.items() for word in fact]
        pieces += (packer.pack("values"), packer.pack_array_header(len(one.values)), _packed(one.values))
    return pieces


def _facts(series: TimeSeries) -> dict[str, Any]:
    return {
        "name": series.name,
        "start": int(series.start),
        "end": int(series.stop),
        "step": int(series.step_s),
        "pathExpression": series.expression,
        "valuesPerPoint": 1,
        "consolidationFunc": series.consolidation,
        "xFilesFactor": float(series.x_files_factor),
    }


def _objects(values: Floats) -> list[float | None]:
    objects: list[float | None] = values.tolist()
    for at in np.flatnonzero(np.isnan(values)):
        objects[at] = None
    return objects


def _packed(values: Floats) -> bytes:
    """Nine bytes for a number, one for a gap."""
    gaps = np.isnan(values)
    cells = np.empty((len(values), 9), np.uint8)
    cells[:, 0] = np.where(gaps, _NIL, _FLOAT64)
    cells[:, 1:] = values.astype(">f8").view(np.uint8).reshape(-1, 8)
    kept = np.ones(cells.shape, bool)
    kept[gaps, 1:] = False
    return cells[kept].tobytes()
