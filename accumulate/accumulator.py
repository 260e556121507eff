"""Lines in, closed windows out: the kernel with its slow path, its horizon and its closing rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from ..schema.errors import InvalidLine, InvalidPath, LimitExceeded, QueryError
from ..schema.head import HEAD_POINT
from ..schema.identity import Level
from ..schema.path import MAX_PATH_BYTES, normalise
from ..schema.policy import Policies
from ..schema.protocols import LineStream, NewNames
from ..schema.resolution import DAY_S
from ..schema.rows import Ids
from ._lines import Kernel
from .closing import OPEN_WINDOW, Closing
from .horizon import Horizon
from .limits import Limits
from .refusals import Refusals
from .slow_line import parse_line
from .windows import ClosedWindow


@dataclass(frozen=True, slots=True)
class Counters:
    """Lines since the start, and what is held now. ``received`` is ``folded`` and all ``refused`` together."""

    received: int
    folded: int
    refused: dict[str, int]
    paths: int
    aliases: int
    open_windows: int
    open_bytes: int


class Accumulator:
    """A LineSink. All methods belong to one thread, the event loop's; ClosedWindow to any.

    ``on_full`` is called when a stream stops because open windows have reached their bound: ``tick`` before long.
    """

    def __init__(self, policies: Policies, limits: Limits, next_id: int, now: float, *, newest: float | None = None) -> None:
        """``now``: unix seconds; ``newest``: the end of the newest stored data, which a restart with a wrong clock needs."""
        self._policies = policies
        self._aliases = limits.aliases
        self._levels = [Level(policy.name, resolution.step_s) for policy in policies for resolution in policy.ladder]
        self._first_level = list(accumulate((len(policy.ladder) for policy in policies), initial=0))
        self._refusals = Refusals()
        self._closing = Closing([level.step_s for level in self._levels], limits)
        self._horizon = Horizon(policies, now, newest)
        self._kernel = Kernel(
            [(policies.index_of(level.policy), level.step_s) for level in self._levels],
            self._take_slow,
            self._tell_full,
            next_id=next_id,
            max_paths=limits.paths,
            max_open_bytes=limits.open_windows_bytes,
        )
        self.on_full: Callable[[], None] | None = None
        self._steady = 0.0
        self._now = now
        self._set_clock(now)

    # -- lines ---------------------------------------------------------------------------------------------------------

    def open(self) -> LineStream:
        return self._kernel.stream()

    def _take_slow(self, line: bytes) -> None:
        try:
            sample = parse_line(line, self._now)
            if sample is not None:
                self._fold(line, *sample)
        except (InvalidLine, InvalidPath) as error:
            self._refusals.add(error.reason, line)

    def _fold(self, line: bytes, raw: bytes, value: float, time: int) -> None:
        path = raw
        known = self._kernel.find(raw)
        if known is None:
            path = normalise(raw).encode()
            known = self._kernel.find(path)
        policy = self._policy_of(path) if known is None else known[1]
        resolution = self._horizon.resolution_of(policy, time)
        if isinstance(resolution, str):
            raise InvalidLine(resolution, line)
        path_id = self._create(path, policy, line) if known is None else known[0]
        if raw != path:
            self._remember(raw, path)
        self._kernel.fold(self._first_level[policy] + resolution, path_id, time, value)

    def _policy_of(self, path: bytes) -> int:
        return self._policies.index_of(self._policies.for_path(path.decode()).name)

    def _create(self, path: bytes, policy: int, line: bytes) -> int:
        path_id = self._kernel.add_path(path, policy)
        if path_id is None:
            raise InvalidLine("path_limit", line)
        return path_id

    def _remember(self, raw: bytes, path: bytes) -> None:
        """Makes lines with this spelling fast ones. Past the bound each is resolved anew."""
        if self._kernel.aliases < self._aliases and len(raw) <= MAX_PATH_BYTES:
            self._kernel.add_alias(raw, path)

    def _tell_full(self) -> None:
        if self.on_full is not None:
            self.on_full()

    # -- names ---------------------------------------------------------------------------------------------------------

    def load(self, names: NewNames) -> None:
        """Paths known at start."""
        lengths = np.ascontiguousarray(names.lengths, np.uint32)
        ids = np.ascontiguousarray(names.ids, np.uint32)
        self._kernel.load(self._policies.index_of(names.policy), ids, lengths, names.paths)

    def policy_of(self, path: str) -> str | None:
        """The policy that a canonical path has since it was created; None if there is no such path."""
        known = self._kernel.find(path.encode())
        return None if known is None else self._policies[known[1]].name

    def new_names(self) -> list[NewNames]:
        """Paths created since the last call, at most one batch a policy; their day is that of the last tick."""
        day = math.floor(self._now / DAY_S)
        return [
            NewNames(
                self._policies[policy].name,
                day,
                np.frombuffer(ids, np.uint32),
                memoryview(lengths).cast("I"),
                paths,
            )
            for policy, ids, lengths, paths in self._kernel.take_new()
        ]

    def create(self, paths: Sequence[str]) -> None:
        """Canonical ``paths`` are there from now on, as if a line had brought them. Raises LimitExceeded when there may be no
        more of them; then those before are made."""
        for path in map(str.encode, paths):
            if self._kernel.find(path) is None and self._kernel.add_path(path, self._policy_of(path)) is None:
                raise LimitExceeded(f"there is no room for the path {path.decode()!r}; raise [store] max_metrics")

    def forget(self, ids: Ids) -> None:
        """The paths of ``ids`` are gone: the next line of one makes a new path with a new id. What open windows hold of the
        old ids comes with them still. ``new_names`` first, in the same turn."""
        self._kernel.forget(np.ascontiguousarray(ids, np.uint32))

    def rename(self, pairs: Sequence[tuple[str, str]]) -> Ids:
        """From now on lines with the second path of a pair, canonical, go where those with its first went; a line with the first
        makes a new path. Returns the id of each pair. ``new_names`` first, in the same turn.

        Raises QueryError, and nothing is renamed, if a first path is not known or a second one is.
        """
        known = [self._known(old, new) for old, new in pairs]
        if len({path for pair in pairs for path in pair}) < 2 * len(pairs):
            raise QueryError(f"of {len(pairs)} renames two have a path in common")
        ids = np.array([path_id for path_id, _ in known], np.uint32)
        self.forget(ids)
        for policy in {policy for _, policy in known}:
            chosen = [i for i, (_, of) in enumerate(known) if of == policy]
            paths = [pairs[i][1].encode() for i in chosen]
            self._kernel.load(policy, ids[chosen], np.array([len(path) for path in paths], np.uint32), b"".join(paths))
        return ids

    def _known(self, old: str, new: str) -> tuple[int, int]:
        """Id and policy of ``old``, which is to become ``new``."""
        known = self._kernel.find(old.encode())
        if known is None:
            raise QueryError(f"there is no path {old!r}")
        if self._kernel.find(new.encode()) is not None:
            raise QueryError(f"{old!r} cannot be renamed: there is a path {new!r} already")
        return known

    # -- windows -------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[ClosedWindow]:
        """Sets the clock to ``now`` (unix seconds) and takes out the windows that are due, in order of opening."""
        # Quiet is measured by a clock that never runs backwards. If it jumps ahead, past windows close early: no harm.
        self._steady += max(now - self._now, 0.0)
        self._set_clock(now)
        windows = np.frombuffer(self._kernel.describe(), OPEN_WINDOW)
        if not len(windows):
            return []
        return self._take(self._closing.due(windows, self._horizon.present, self._steady))

    def drain(self) -> list[ClosedWindow]:
        """Takes out all windows, at a stop."""
        return self._take(np.arange(self._kernel.open_windows, dtype=np.uint32))

    def _take(self, positions: NDArray[np.uint32]) -> list[ClosedWindow]:
        if not len(positions):
            return []
        return [ClosedWindow(self._levels[closed.level], closed) for closed in self._kernel.take(positions)]

    def _set_clock(self, now: float) -> None:
        self._now = now
        self._horizon.set(now, self._kernel.newest, self._kernel.recent_times())
        self._kernel.set_clock(self._horizon.present, self._steady)
        for policy in range(len(self._policies)):
            oldest, newest = self._horizon.bounds(policy)
            self._kernel.set_bounds(policy, oldest[0], newest)

    def open_points(self, policy: str, ids: Ids) -> NDArray[np.void]:
        """The points of ``ids`` in open windows at every step of ``policy`` (dtype HEAD_POINT, ``index`` into ``ids``)."""
        wanted = np.ascontiguousarray(ids, np.uint32)
        return np.frombuffer(self._kernel.open_points(self._policies.index_of(policy), wanted), HEAD_POINT)

    def idle(self, ids: Ids) -> Ids:
        """Those of ``ids`` that have no point in any open window."""
        busy = [self.open_points(policy.name, ids)["index"] for policy in self._policies]
        return np.delete(ids, np.concatenate(busy))

    # -- what can be seen ----------------------------------------------------------------------------------------------

    def counters(self) -> Counters:
        folded = self._kernel.folded
        return Counters(
            received=folded + self._refusals.total,
            folded=folded,
            refused=dict(self._refusals.counts),
            paths=self._kernel.paths,
            aliases=self._kernel.aliases,
            open_windows=self._kernel.open_windows,
            open_bytes=self._kernel.open_bytes,
        )

    @property
    def newest(self) -> int | None:
        """Unix second at which the latest window that ever had a sample begins; None before the first."""
        return self._kernel.newest_start or None

    def refused_lines(self) -> dict[str, list[str]]:
        """For each reason its last 20 lines, printable."""
        return self._refusals.last()
