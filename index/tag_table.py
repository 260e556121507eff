"""Which of some tagged paths have which tags."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import and_

import numpy as np
from numpy.typing import NDArray

from ..schema.rows import Ids
from ..schema.tags import TagExpression
from ._tags import Inverter

Mask = NDArray[np.bool_]  # one for each path of a table

# Behind every value in the order of bytes: no UTF-8 text has this byte.
_LAST = b"\xff"


class TagTable:
    """For every value of every tag the paths that have it, as arrays. Never changes.

    Each batch of paths is their ids, native uint32, their lengths, native uint16, and the paths back to back. ``ids[i]`` is the
    id of the path that is counted as i: they are counted in the order in which they come.
    """

    def __init__(self, batches: Iterable[tuple[bytes, bytes, bytes]]) -> None:
        inverter, all_ids = Inverter(), []
        for ids, lengths, paths in batches:
            inverter.add(np.frombuffer(lengths, np.uint16), paths)
            all_ids.append(ids)
        texts, ends, starts, rows = inverter.finish()
        self.ids: Ids = np.frombuffer(b"".join(all_ids), np.uint32)
        self._texts = bytes(texts)  # "tag=value", sorted
        self._ends = np.frombuffer(ends, np.uint64)
        self._starts = np.frombuffer(starts, np.uint32)
        self._rows = np.frombuffer(rows, np.uint32)
        self._numbers = range(len(self._ends))
        self._spans = dict(self._tags())

    def tags(self, mask: Mask) -> Iterator[str]:
        """The tags that some path in ``mask`` has."""
        return (tag for tag, span in self._spans.items() if mask[self._rows_of(span)].any())

    def values(self, tag: str, prefix: str, mask: Mask) -> Iterator[tuple[str, int]]:
        """The values of ``tag`` that begin with ``prefix``, in their order, each with the number of paths in ``mask`` that have
        it, if there are any."""
        span = self._beginning_with(tag, prefix)
        if not span:
            return
        first = self._starts[span.start]
        counts = np.add.reduceat(mask[self._rows_of(span)], self._starts[span.start : span.stop] - first, dtype=np.int64)
        for place in np.flatnonzero(counts).tolist():
            yield self._value(tag, span[place]), int(counts[place])

    def work(self, expressions: Iterable[TagExpression]) -> int:
        """How long ``select`` can take for the regexes among them, in nanoseconds of a usual machine."""
        return sum(expression.work(*self._extent(expression.tag)) for expression in expressions)

    def _extent(self, tag: str) -> tuple[int, int]:
        """How many values ``tag`` has, and how many bytes their texts."""
        span = self._spans.get(tag, range(0))
        return len(span), int(self._ends[span.stop - 1]) - self._begin(span.start) if span else 0

    def select(self, expressions: Sequence[TagExpression]) -> Mask:
        """The paths for which all expressions hold."""
        return reduce(and_, map(self._paths_of, expressions), np.ones(len(self.ids), bool))

    def _paths_of(self, expression: TagExpression) -> Mask:
        accepts = expression.predicate()
        wanted = not accepts("")  # if no value at all is fine too, look for those that have one that is not
        found = np.zeros(len(self.ids), bool)
        for number in self._candidates(expression):
            if accepts(self._value(expression.tag, number)) == wanted:
                found[self._rows_of(range(number, number + 1))] = True
        return found if wanted else ~found

    def _candidates(self, expression: TagExpression) -> range:
        """The texts of the expression's tag, or of the one value it is about."""
        span = self._spans.get(expression.tag, range(0))
        if not expression.value or not expression.is_exact:
            return span
        text = f"{expression.tag}={expression.value}".encode(errors="surrogatepass")
        return span[bisect_left(span, text, key=self._text) : bisect_right(span, text, key=self._text)]

    def _beginning_with(self, tag: str, prefix: str) -> range:
        """The texts of ``tag`` whose values begin with ``prefix``."""
        span = self._spans.get(tag, range(0))
        start = f"{tag}={prefix}".encode(errors="surrogatepass")
        return span[bisect_left(span, start, key=self._text) : bisect_left(span, start + _LAST, key=self._text)]

    def _tags(self) -> Iterator[tuple[str, range]]:
        """Each tag with the numbers of its texts."""
        start = 0
        while start < len(self._numbers):
            tag = self._text(start).partition(b"=")[0]
            stop = bisect_left(self._numbers, tag + b"=" + _LAST, start, key=self._text)
            yield tag.decode(), range(start, stop)
            start = stop

    def _text(self, number: int) -> bytes:
        return self._texts[self._begin(number) : int(self._ends[number])]

    def _begin(self, number: int) -> int:
        return int(self._ends[number - 1]) if number else 0

    def _value(self, tag: str, number: int) -> str:
        return self._text(number).decode()[len(tag) + 1 :]

    def _rows_of(self, span: range) -> NDArray[np.uint32]:
        """The paths that have one of these texts."""
        return self._rows[self._starts[span.start] : self._starts[span.stop]]
