"""Whatever happens in whatever order: no point is shown twice, and after a round of publications none is missing."""

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from unittest import mock

from cadent.schema.errors import Unavailable
from cadent.schema.identity import Mode
from cadent.stores.log.folder import LogFiles
from cadent.writers import store_thread
from cadent.writers.days import SeenDays
from cadent.writers.flush import Flusher
from cadent.writers.keeping.expiry import Clock
from cadent.writers.keeping.upkeep import Upkeep
from cadent.writers.publish import Publisher
from cadent.writers.recovery import recover
from cadent.writers.store_thread import StoreThread
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from lagging import LaggingStore
from parts import BASE, POLICIES, Window

HOUR = 500_000 * 3_600
PATIENCE_S = 20.0
LOST_S = 10.0
SAMPLES = st.lists(st.integers(-36, 36).map(lambda number: number / 4), min_size=1, max_size=3)  # sums of quarters are exact

WINDOWS = st.lists(
    st.tuples(st.integers(0, 900), st.dictionaries(st.integers(0, 3), SAMPLES, min_size=1, max_size=2)), min_size=1, max_size=3
)


class AwayStore(LaggingStore):
    """May be away."""

    away = False

    def seal(self, level, last_sequence, slices):
        if self.away:
            raise Unavailable("no host is up")
        super().seal(level, last_sequence, slices)


class Server:
    """What writers published, each in an epoch of its own; readers count one of them. ``parts[epoch][first, last]``: the time at
    which the part came, its mode and its points."""

    def __init__(self):
        self.parts = {}
        self.counted = None
        self.interruptions = 0
        self.slices_left = None  # until it is away

    def lose(self, since):
        self.interruptions += 1
        self.parts = {
            epoch: {key: part for key, part in of_epoch.items() if part[0] < since} for epoch, of_epoch in self.parts.items()
        }

    def refuse(self):
        if self.slices_left == 0:
            raise Unavailable("no host is up")
        if self.slices_left is not None:
            self.slices_left -= 1


class Epoch:
    """Implements ``schema.protocols.Publications``: those of one writer's process. ``given``: every part it was ever given."""

    def __init__(self, server, now):
        self._server = server
        self._now = now
        self._epoch = len(server.parts)
        self._given = {}
        server.parts[self._epoch] = {}

    @property
    def interruptions(self):
        return self._server.interruptions

    def publish(self, level, slices):
        assert level == BASE
        points, identities = {}, set()
        for piece in slices:
            self._server.refuse()
            identities.add(piece.identity)
            for row, number in enumerate(piece.ids.tolist()):
                points |= {(number, point.time): point for point in piece.grid.points(row)}
        (identity,) = identities
        key = identity.first, identity.last
        assert self._given.setdefault(key, points) == points, "the same part again has the same points"
        for first, last in self._given.keys() - {key}:
            assert last < key[0] or key[1] < first, "parts are disjoint"
        self._server.parts[self._epoch][key] = (self._now(), identity.mode, points)

    def count(self):
        self._server.refuse()
        self._server.counted = self._epoch


def met(shown, mode, points):
    """``shown`` after ``points`` came."""
    added = {key: shown[key].add(point) if key in shown and mode is Mode.ADD else point for key, point in points.items()}
    return {**shown, **added}


class Interleavings(RuleBasedStateMachine):
    """A writer in steps, its servers, and its samples by sequence."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.patches = mock.patch.multiple(store_thread, RETRY_S=1e6, LOOK_S=1e6)  # it does nothing that no rule asks for
        self.patches.start()
        self.failures = []
        self.now = 1_000.0
        self.store, self.server = AwayStore(), Server()
        self.written = {}
        self.promised = set()  # sequences that were shown, and were not lost since
        self.begin()

    def begin(self):
        found = recover(LogFiles(self.folder, "main/1"), self.store, [BASE])
        self.log = found.logs[BASE]
        assert found.last_sequence == len(self.written)
        self.flusher = Flusher(mock.Mock(), found.logs, SeenDays(), found.last_sequence)
        self.publisher = Publisher(found.logs, self.store, Epoch(self.server, lambda: self.now), LOST_S, lambda: self.now)
        upkeep = Upkeep(self.store, POLICIES)
        self.sealer = StoreThread(found.logs, self.store, upkeep, Clock(HOUR, 0.0), lambda: self.now, self.failures.append)
        self.sealer.start()
        self.wait_for_sealer()

    def end(self):
        self.sealer.close(PATIENCE_S)
        self.flusher.close()

    def wait_for_sealer(self):
        self.sealer.call(lambda: None).result(PATIENCE_S)
        give_up = time.monotonic() + PATIENCE_S
        while self.sealer.busy:
            assert time.monotonic() < give_up
            time.sleep(0.0005)

    @rule(windows=WINDOWS, mode=st.sampled_from(Mode), then=st.sampled_from(["nothing", "roll", "seal"]))
    def write(self, windows, mode, then):
        for slot, samples in windows:
            window = Window(BASE, HOUR + 10 * slot, samples)
            self.written[self.flusher.write([window.rows()], mode)] = (mode, window)
        if then != "nothing":
            self.flusher.roll(BASE)
        if then == "seal":
            self.seal()

    @rule()
    def seal(self):
        self.store.away = False
        self.wait_for_sealer()
        sealed = self.store.snapshot().sealed(BASE)
        assert all(segment.identity.last <= sealed for segment in self.log.rolled())

    @rule()
    def seal_in_vain(self):
        self.store.away = True
        self.wait_for_sealer()

    @rule(last=st.booleans())
    def chunks_last_or_are_lost(self, last):
        if last:
            self.store.settle()
        else:
            self.store.lose()
            self.promised.clear()

    @rule(seconds=st.sampled_from([0.0, LOST_S / 2, 3 * LOST_S]), within_s=st.sampled_from([0.0, LOST_S / 2, LOST_S]))
    def publications_are_lost(self, seconds, within_s):
        self.now += seconds
        self.server.lose(self.now - within_s)
        self.promised.clear()

    @rule()
    def publish(self):
        self.server.slices_left = None
        assert self.publisher.round() == ""
        assert self.shown_sequences() == set(self.written)
        self.promised = set(self.written)

    @rule(slices=st.integers(0, 3))
    def publish_in_vain(self, slices):
        """The server goes away after so many slices, if there are as many."""
        self.server.slices_left = slices
        with suppress(Unavailable):
            self.publisher.round()

    @rule()
    def restart(self):
        self.end()
        self.begin()

    def shown_parts(self):
        """Those that readers count, in order of sequence."""
        sealed = self.store.snapshot().sealed(BASE)
        parts = self.server.parts.get(self.server.counted, {})
        return [(key, parts[key]) for key in sorted(parts) if key[0] > sealed]

    def shown_sequences(self):
        sealed = set(range(1, self.store.snapshot().sealed(BASE) + 1))
        return sealed.union(*(range(first, last + 1) for (first, last), _ in self.shown_parts()))

    @invariant()
    def what_is_shown_is_what_was_written(self):
        snapshot = self.store.snapshot()
        shown = {}
        for stored in snapshot.of(BASE, snapshot.sets(BASE)):
            points = {(number, point.time): point for number, some in stored.points.items() for point in some}
            shown = met(shown, stored.chunks.identity.mode, points)
        for _, (_, mode, points) in self.shown_parts():
            shown = met(shown, mode, points)
        expected = {}
        for sequence in sorted(self.shown_sequences()):
            mode, window = self.written[sequence]
            expected = met(expected, mode, {(number, window.time): point for number, point in window.points_of.items()})
        assert shown == expected

    @invariant()
    def what_was_shown_is_shown_until_a_server_loses_it(self):
        assert self.shown_sequences() >= self.promised

    @invariant()
    def the_log_holds_what_does_not_last(self):
        held = set().union(*(range(part.identity.first, part.identity.last + 1) for part in self.log.since(0)))
        assert held >= set(range(self.store.lasting(BASE) + 1, len(self.written) + 1))

    @invariant()
    def nothing_unexpected_happened(self):
        assert self.failures == []

    def teardown(self):
        self.end()
        self.patches.stop()
        shutil.rmtree(self.folder)


Interleavings.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestInterleavings = Interleavings.TestCase
