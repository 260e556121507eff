"""Any sequence of calls leaves the log with the points that were appended and not taken back."""

from functools import partial

import numpy as np
from cadent.schema.identity import Level, Mode
from cadent.schema.point import Point
from cadent.stores.log.reader import LogReader
from cadent.stores.log.segment import ALL_SEQUENCES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LEVEL = Level("default", 10)
START = 1_700_002_800

VALUES = st.integers(-1000, 1000).map(lambda number: number / 4)
SAMPLES = st.lists(VALUES, min_size=1, max_size=3)
ROWS = st.tuples(st.integers(0, 1079), st.dictionaries(st.integers(0, 99), SAMPLES, min_size=1, max_size=8))
APPENDS = st.tuples(st.just("append"), st.lists(ROWS, min_size=1, max_size=4), st.sampled_from(list(Mode)))
CALLS = st.lists(APPENDS | st.tuples(st.sampled_from(["undo", "acknowledge", "roll", "seal", "drop", "recover"])), max_size=14)


class Run:
    """Calls to a log, and the points it must hold: rows of (sequence, mode, {(id, time): Point})."""

    def __init__(self, new_log, make_row):
        self.new_log, self.make_row = new_log, make_row
        self.log = new_log()
        self.log.recover(0, 0)
        self.rows, self.before = [], []
        self.next = 1
        self.sealed = self.lasting = self.acknowledged = 0

    def do(self, call):
        name, *arguments = call
        getattr(self, name)(*arguments)

    def append(self, rows, mode):
        self.acknowledged = self.next - 1
        self.before = list(self.rows)
        appended = []
        for sequence, (slot, samples_by_id) in enumerate(rows, self.next):
            time = START + 10 * slot
            points = {id_: Point(time, len(s), sum(s), min(s), max(s), s[-1]) for id_, s in samples_by_id.items()}
            appended.append(self.make_row(points, time))
            self.rows.append((sequence, mode, {(id_, time): point for id_, point in points.items()}))
        self.next = self.log.append(appended, self.next, mode) + 1

    def undo(self):
        self.log.undo()
        self.rows = self.before
        self.next = self.rows[-1][0] + 1 if self.rows else self.sealed + 1

    def roll(self):
        self.log.roll()
        self.before, self.acknowledged = self.rows, self.next - 1

    def acknowledge(self):
        self.log.acknowledge()
        self.before, self.acknowledged = self.rows, self.next - 1

    def seal(self):
        waiting = [segment.identity.last for segment in self.log.rolled() if segment.identity.last > self.sealed]
        self.sealed = waiting[0] if waiting else self.sealed

    def drop(self):
        """What chunks hold lasts now."""
        for segment in self.log.rolled()[:1]:
            if segment.identity.last <= self.sealed:
                self.log.drop(segment)
                self.lasting = segment.identity.last
                self.rows, self.before = ([row for row in rows if row[0] > self.lasting] for rows in (self.rows, self.before))

    def recover(self):
        self.log.close()
        self.log = self.new_log()
        assert self.log.recover(self.sealed, self.lasting) == (self.rows[-1][0] if self.rows else 0)
        self.before, self.acknowledged = self.rows, self.next - 1

    def points(self, after=0, through=ALL_SEQUENCES):
        found = {}
        for sequence, mode, row in self.rows:
            for key, point in row.items() if after < sequence <= through else ():
                found[key] = found[key].add(point) if mode is Mode.ADD and key in found else point
        return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CALLS, st.sampled_from([1, 1 << 28]))
def test_any_sequence_of_calls_leaves_the_points_that_were_appended(
    tmp_path_factory, open_log, rows, read_log, points_in, sealed_points, calls, segment_bytes
):
    folder = tmp_path_factory.mktemp("log")
    run = Run(lambda: open_log(folder, segment_bytes=segment_bytes), rows)
    follower = LogReader(folder, LEVEL)
    for call in calls:
        run.do(call)
        ids = np.random.default_rng(run.next).permutation(100)
        assert read_log(folder=folder) == run.points()
        for after, through in [(run.sealed, run.acknowledged), (run.acknowledged // 2, ALL_SEQUENCES)]:
            read = partial(follower.read, after=after, through=through)
            wanted = run.points(after, through)
            assert points_in(lambda ids, into, read=read: read(ids, into=into), ids, slots=1080) == wanted
            times = [time for _, time in wanted]
            assert follower.span(after, through) == ((min(times), max(times) + 10) if times else None)
        for after in (0, run.sealed, run.acknowledged // 2):
            parts = run.log.since(after)
            together = points_in(lambda ids, into, parts=parts: [part.read(ids, into) for part in parts], ids, slots=1080)
            assert together == run.points(after, run.acknowledged)
            for part in parts:
                assert sealed_points(part) == run.points(part.identity.first - 1, part.identity.last)
                assert not part.identity.first <= run.sealed < part.identity.last or after >= run.sealed
    run.log.close()
