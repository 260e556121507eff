"""Which chunk sets are put together, and when.

A set that is merged is written once more, so merging pays only when it makes much of it one. Over its life a byte is written
less than three times: when it is sealed, when the bucket it belongs to is over, and seldom once more with what came late.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ...schema.protocols import ChunkSet
from .levels import Keeping
from .rollup import SETTLING_S

# Sets of a bucket that is not over yet: about those of a day of hours. More cost each query more than merging them does.
_MOST_OPEN = 48
# Late sets beside the main one of a bucket. A query looks into all of them, but each merging writes them once more: with 16, or
# when all is merged as soon as it is twice the greatest, a byte would be written up to four times.
_MOST_LATE = 96
_WORTH_ALL = 4


def due_merge(sets: Sequence[ChunkSet], kept: Keeping, present: float) -> list[ChunkSet]:
    """The sets to be merged next, none if nothing is due at ``present``, unix seconds. ``sets`` are all of a level, in order."""
    for number, of_bucket in _by_bucket(sets, kept):
        is_over = (number + 1) * kept.bucket_s + SETTLING_S <= present
        due = _due_later(of_bucket) if is_over else _due_now(of_bucket)
        if due:
            return due
    return []


def mergeable(sets: Sequence[ChunkSet], kept: Keeping) -> list[ChunkSet]:
    """As ``due_merge``, whether it pays or not: in the end each bucket has as few sets as it can."""
    for _, of_bucket in _by_bucket(sets, kept):
        for step_s in sorted({one.rolled_up_to_s for one in of_bucket}):
            equal = [one for one in of_bucket if one.rolled_up_to_s == step_s]
            if len(equal) > 1 and _is_allowed(equal, of_bucket):
                return equal
    return []


def _by_bucket(sets: Sequence[ChunkSet], kept: Keeping) -> list[tuple[int, list[ChunkSet]]]:
    ordered = sorted(sets, key=lambda one: kept.bucket(one.start))  # stable: those of a bucket stay in order
    return [(number, list(group)) for number, group in groupby(ordered, key=lambda one: kept.bucket(one.start))]


def _due_later(sets: list[ChunkSet]) -> list[ChunkSet]:
    """Of a bucket that is over: all, once that is much more than the greatest of them, else the late ones if they are many."""
    if len(sets) < 2 or not _are_equal(sets):
        return []
    greatest = max(one.size_bytes for one in sets)
    if sum(one.size_bytes for one in sets) >= _WORTH_ALL * greatest:
        return sets
    return _newest(sets) if len(sets) > 1 + _MOST_LATE else []


def _due_now(sets: list[ChunkSet]) -> list[ChunkSet]:
    """Of a bucket that still gets points: the newest ones that are equal, if there are many."""
    return _newest(sets) if len(sets) > _MOST_OPEN else []


def _newest(sets: list[ChunkSet]) -> list[ChunkSet]:
    """The longest run of newest sets, equal in kind, of which none is greater than all after it together: so each byte is merged
    a logarithmic number of times. At least two, else none."""
    run = [sets[-1]]
    for one in reversed(sets[:-1]):
        if not _are_equal([one, run[0]]) or (len(run) > 1 and one.size_bytes > sum(later.size_bytes for later in run)):
            break
        run.insert(0, one)
    if len({one.identity.mode for one in run}) > 1:
        run = run[_after_last_change(run) :]
    return run if len(run) > 1 else []


def _after_last_change(run: list[ChunkSet]) -> int:
    """Where the last stretch of one mode begins."""
    changes = [at for at in range(1, len(run)) if run[at].identity.mode is not run[at - 1].identity.mode]
    return changes[-1]


def _are_equal(sets: Sequence[ChunkSet]) -> bool:
    return len({one.rolled_up_to_s for one in sets}) == 1


def _is_allowed(chosen: Sequence[ChunkSet], of_bucket: Sequence[ChunkSet]) -> bool:
    """No other set between the first and the last of ``chosen`` shares windows with them; nor one before, if modes differ."""
    first, last = of_bucket.index(chosen[0]), of_bucket.index(chosen[-1])
    begin = first if len({one.identity.mode for one in chosen}) == 1 else 0
    others = [one for one in of_bucket[begin:last] if one not in chosen]
    return not any(_share(one, other) for one in chosen for other in others)


def _share(one: ChunkSet, other: ChunkSet) -> bool:
    return one.start < other.stop and other.start < one.stop
