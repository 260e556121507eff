"""Any sequence of calls leaves every chunk store with what the one in memory holds."""

import contextlib

import numpy as np
from cadent.schema.identity import Mode
from cadent.stores.memory import MemoryStore
from hypothesis import given, settings
from hypothesis import strategies as st
from pieces import COARSE, HOUR, LEVEL, at, erase, ids_of, piece, read, sets

SAMPLES = st.integers(-1000, 1000).map(lambda number: number / 4)  # sums of quarters are exact
IDS = st.integers(0, 40)  # more than share a checksum in a block
ALL_IDS = np.random.default_rng(0).permutation(41).tolist()
SPANS = 3
SPAN_SLOTS = 6


@st.composite
def spans(draw):
    """{span number: {id: [points]}}: what one seal holds."""
    keys = st.tuples(st.integers(0, SPANS - 1), IDS, st.integers(0, SPAN_SLOTS - 1))
    cells = draw(st.dictionaries(keys, st.lists(SAMPLES, min_size=1, max_size=3)))
    found = {}
    for (span, id_, slot), samples in sorted(cells.items()):
        found.setdefault(span, {}).setdefault(id_, []).append(at(span * SPAN_SLOTS + slot, *samples))
    return found


PLACES = st.integers(0, 9)
SLOT = st.integers(-1, SPANS * SPAN_SLOTS + 1)
SEALS = st.tuples(st.just("seal"), spans(), st.sampled_from(list(Mode)), st.integers(1, 50))
MERGES = st.tuples(st.just("merge"), PLACES, st.integers(1, 9))
ROLL_UPS = st.tuples(st.just("roll_up"), PLACES, st.integers(1, 3), IDS)
ERASURES = st.tuples(st.just("erase"), st.frozensets(IDS), SLOT, SLOT)
DELETES = st.tuples(st.just("delete"), PLACES, st.integers(0, 2))
OTHERS = st.tuples(st.sampled_from(["snapshot", "open_again"]))


def signature(one):
    """What tells a set from the others in any store: numbers are each store's own, and so are sizes."""
    return one.identity.last, one.identity.first, one.start, one.stop, one.identity, one.rolled_up_to_s


def may_merge(every, chosen):
    """Whether the contract allows it: a run of ``every`` that is marked alike, and mixes modes only with nothing before it."""
    first, last = min(one.start for one in chosen), max(one.stop for one in chosen)
    before = every[: every.index(chosen[0])]
    mixed = len({one.identity.mode for one in chosen}) > 1
    return len({one.rolled_up_to_s for one in chosen}) == 1 and not (
        mixed and any(one.start < last and one.stop > first for one in before)
    )


class Run:
    """The same calls to two stores; each read of the one equals that of the other."""

    def __init__(self, driver):
        self.driver = driver
        self.oracle = MemoryStore()
        self.store = driver.open()
        self.sequence = 0
        self.pinned = []

    def do(self, call):
        name, *arguments = call
        getattr(self, name)(*arguments)
        for got, want in [*self.pinned, (self.store.snapshot(), self.oracle.snapshot())]:
            self.compare(got, want)

    def both(self, change):
        for store in (self.store, self.oracle):
            change(store)

    def seal(self, points_by_span, mode, ids_a_slice):
        self.sequence += 1
        self.both(lambda store: store.seal(LEVEL, self.sequence, self.slices(points_by_span, mode, ids_a_slice)))

    def slices(self, points_by_span, mode, ids_a_slice):
        for span, points in points_by_span.items():
            ids = sorted(points)
            for first in range(0, len(ids), ids_a_slice):
                part = {id_: points[id_] for id_ in ids[first : first + ids_a_slice]}
                yield piece(part, self.sequence, mode, start=HOUR + span * 10 * SPAN_SLOTS, slots=SPAN_SLOTS)

    def chosen(self, place, count):
        """Neighbours among the sets, as signatures: both stores have them."""
        every = self.oracle.snapshot().sets(LEVEL)
        place = place % len(every) if every else 0
        return every[place : place + count]

    def in_store(self, store, chosen):
        wanted = set(map(signature, chosen))
        return [one for one in sets(store) if signature(one) in wanted]

    def merge(self, place, count):
        chosen = self.chosen(place, count)
        if chosen and self.driver.merges and may_merge(list(self.oracle.snapshot().sets(LEVEL)), chosen):
            self.both(lambda store: store.merge(LEVEL, self.in_store(store, chosen)))

    def roll_up(self, place, count, id_):
        chosen = self.chosen(place, count)
        self.sequence += 1
        coarse = piece({id_: [at(0, 1.5)]}, self.sequence, slots=SPANS, level=COARSE)
        self.both(lambda store: store.roll_up(LEVEL, self.in_store(store, chosen), COARSE, [coarse]))

    def erase(self, ids, first, last):
        self.both(lambda store: erase(store, sorted(ids), first, max(first, last)))

    def delete(self, place, count):
        chosen = self.chosen(place, count)
        self.both(lambda store: store.delete(LEVEL, self.in_store(store, chosen)))

    def snapshot(self):
        self.pinned.append((self.store.snapshot(), self.oracle.snapshot()))

    def open_again(self):
        if self.driver.keeps_its_data:
            self.store.close()
            self.pinned.clear()  # what another process removes is not kept for a snapshot
            self.store = self.driver.open()

    def close(self):
        self.store.close()

    def compare(self, got, want):
        for level in (LEVEL, COARSE):
            found, wanted = got.sets(level), want.sets(level)
            assert sorted(map(signature, found)) == sorted(map(signature, wanted))
            assert ids_of(got, level=level) == ids_of(want, level=level)
            assert read(got, ALL_IDS, slots=18, level=level) == read(want, ALL_IDS, slots=18, level=level)
        assert read(got, ALL_IDS[:3], HOUR + 40, 9) == read(want, ALL_IDS[:3], HOUR + 40, 9)
        assert (got.sealed(LEVEL), got.next_id(), got.levels()) == (want.sealed(LEVEL), want.next_id(), want.levels())


def test_any_sequence_of_calls_ends_as_in_memory(new_driver):
    @settings(max_examples=new_driver().examples, deadline=None)
    @given(calls=st.lists(SEALS | MERGES | ROLL_UPS | ERASURES | DELETES | OTHERS, max_size=12))
    def runs(calls):
        with contextlib.closing(Run(new_driver())) as run:
            for call in calls:
                run.do(call)

    runs()
