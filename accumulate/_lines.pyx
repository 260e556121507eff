# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The line kernel: bytes of plaintext lines to open windows.

``Kernel.fold_lines`` is the hot loop. It takes the lines that nearly every sender writes; any other goes to a Python
function, one line a call, which may use the kernel's other methods. The pages it is made of:

    number.pxi   decimal text to double          line.pxi    a line to path, value and time
    table.pxi    known paths                     window.pxi  cells, windows, the set of open windows
    stream.pxi   the lines of one connection     closed.pxi  a window taken out

A kernel and its streams belong to one thread, the event loop's; closed windows may be read in any.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc, strtod
from libc.string cimport memchr, memcmp, memcpy, memset

import os

from . import slow_line

# What the functions without the GIL return.
cdef enum:
    OK = 0
    SLOW  # the line is not for the fast path
    FULL  # open windows have reached their bound: close some first
    NO_MEMORY

include "machine.pxi"
include "number.pxi"
include "table.pxi"
include "window.pxi"
include "line.pxi"

cdef enum:
    BATCH = 64  # lines in flight: enough to hide memory behind parsing; 16 and 128 measure the same
    MAX_POLICIES = 255
    RECENT = 64  # times kept to tell what the senders' clocks say
    SLOW_SHARE = 1000  # slow lines that one call of Stream.feed takes: some milliseconds
cdef Py_ssize_t LONGEST_LINE = slow_line.MAX_LINE_BYTES  # without the newline


cdef class Kernel:
    """Known paths and open windows. ``levels``: (policy, step_s) of every level, a policy's levels together, finest first.

    ``slow_line(line)`` is called for each line the fast path does not take, without its newline; ``full()`` each time a
    stream stops because open windows take more than ``max_open_bytes``. ``max_paths`` bounds what is remembered of names.
    """

    cdef Table table
    cdef Windows windows
    cdef Base bases[MAX_POLICIES]
    cdef list levels
    cdef object slow_line
    cdef object full
    cdef bint inside  # fold_lines runs without the GIL: nobody else may touch anything
    cdef int policies
    cdef int batch
    cdef uint64_t max_records
    cdef uint64_t max_bytes
    cdef uint32_t *fresh  # places of records not yet handed out by take_new
    cdef size_t fresh_count
    cdef size_t fresh_room
    cdef uint32_t recent[RECENT]
    cdef uint64_t recent_count
    cdef readonly uint64_t folded
    cdef readonly uint64_t aliases
    cdef readonly uint32_t next_id

    def __cinit__(self, levels, slow_line, full, *, next_id, max_paths, max_open_bytes):
        seeds = os.urandom(16)
        self.levels = [(int(policy), int(step_s)) for policy, step_s in levels]
        self.slow_line = slow_line
        self.full = full
        self.next_id = next_id
        self.max_records = max_paths
        self.max_bytes = max_open_bytes
        self.batch = BATCH
        self._set_bases()
        if table_open(&self.table, int.from_bytes(seeds[:8], "little"), int.from_bytes(seeds[8:], "little")) != OK:
            raise MemoryError
        if windows_grow(&self.windows) != OK:
            raise MemoryError

    def __dealloc__(self):
        table_close(&self.table)
        windows_close(&self.windows)
        free(self.fresh)

    cdef _set_bases(self):
        cdef int policies = 0, level
        for level, (policy, step_s) in enumerate(self.levels):
            if not 0 < step_s <= 86_400:
                raise ValueError(f"level {level} has step {step_s}; want 1 to 86400 seconds")
            if policy == policies and policies < MAX_POLICIES:
                self.bases[policies].level = level
                self.bases[policies].step_s = step_s
                policies += 1
            elif policy != policies - 1:
                raise ValueError(f"level {level} has policy {policy}; want policies in order, {MAX_POLICIES} at most")
        if not policies:
            raise ValueError("a kernel needs at least one level")
        self.policies = policies

    cdef int guard(self) except -1:
        if self.inside:
            raise RuntimeError("the kernel is used from two threads at once")
        return 0

    # -- the hot loop ------------------------------------------------------------------------------------------------------

    cdef int fold_lines(self, const char **at, const char *end) noexcept nogil:
        """Folds lines from ``at[0]`` on and moves it to the first that was not taken; a newline stands before ``end``.

        OK when none is left, SLOW when the line there is not for the fast path, FULL or NO_MEMORY. Each loop below asks
        memory for what the next one needs, so that a batch waits once for all of its lines together.
        """
        cdef Line lines[BATCH]
        cdef const char *p = at[0]
        cdef const char *next_line
        cdef int status = OK, place_status, count, i
        while status == OK and p < end:
            count = 0
            while count < self.batch and p < end:
                next_line = take_line(p, end, &self.table, &lines[count])
                if next_line == NULL:
                    status = SLOW
                    break
                prefetch_slot(&self.table, lines[count].hash)
                p = next_line
                count += 1
            for i in range(count):
                prefetch_record(&self.table, lines[i].hash, lines[i].length)
            for i in range(count):
                place_status = self.place(&lines[i])
                if rare(place_status != OK):
                    status = place_status
                    p = lines[i].path
                    count = i
                    break
                prefetch(lines[i].cell)
            for i in range(count):
                if rare(fold_into(&self.windows, lines[i].window, lines[i].cell, lines[i].value) != OK):
                    status = NO_MEMORY
            self.count_batch(lines, count, status)
            if status == OK and self.windows.bytes > self.max_bytes:
                status = FULL
        at[0] = p
        return status

    cdef inline int place(self, Line *line) noexcept nogil:
        """Finds the cell the line's sample belongs to."""
        cdef Base *base
        cdef Window *window
        cdef Record *record = table_find(&self.table, line.path, line.length, line.hash)
        if rare(record == NULL):
            return self.place_new(line)
        base = &self.bases[record.policy]
        if rare(line.time - base.oldest > base.span):  # wraps for older times, and is too large then
            return SLOW
        window = base.recent
        if rare(window == NULL or line.time - window.start >= base.step_s):
            window = window_of(&self.windows, base.level, line.time // base.step_s, base.step_s)
            if window == NULL:
                return NO_MEMORY
            base.recent = window
        line.window = window
        line.cell = cell_of(&self.windows, window, record.id)
        return OK if usual(line.cell != NULL) else NO_MEMORY

    cdef int place_new(self, Line *line) noexcept nogil:
        """A path never seen, or one of many spellings: known here only if it is canonical for certain and its time is taken."""
        if self.policies > 1 or line.time - self.bases[0].oldest > self.bases[0].span:
            return SLOW
        if not is_canonical(line.path, line.length) or not self.has_room():
            return SLOW
        if self.add(line.path, line.length, line.hash, 0) != OK:
            return NO_MEMORY
        return self.place(line)

    cdef inline void count_batch(self, const Line *lines, int count, int status) noexcept nogil:
        """A slow line makes the next batch short, so that lines behind it are not read 64 times when many are slow."""
        self.folded += count
        if count:
            self.note_time(lines[count - 1].time)
        self.batch = min(self.batch * 2, BATCH) if status == OK else 1

    cdef inline void note_time(self, uint32_t time) noexcept nogil:
        self.recent[self.recent_count % RECENT] = time
        self.recent_count += 1

    # -- paths ---------------------------------------------------------------------------------------------------------------

    cdef bint has_room(self) noexcept nogil:
        return self.table.records - self.aliases < self.max_records and self.next_id < 0xFFFF_FFFFU

    cdef int add(self, const char *path, uint32_t length, uint64_t hash, uint8_t policy) noexcept nogil:
        """A new path with the next id, to be handed out by take_new."""
        cdef uint32_t place
        cdef size_t room
        cdef uint32_t *fresh
        if self.fresh_count == self.fresh_room:
            room = self.fresh_room * 2 if self.fresh_room else 1024
            fresh = <uint32_t *>realloc(self.fresh, room * sizeof(uint32_t))
            if fresh == NULL:
                return NO_MEMORY
            self.fresh = fresh
            self.fresh_room = room
        if table_add(&self.table, path, length, hash, self.next_id, policy, &place) != OK:
            return NO_MEMORY
        self.fresh[self.fresh_count] = place
        self.fresh_count += 1
        self.next_id += 1
        return OK

    cdef Record *look_up(self, bytes path) except? NULL:
        """The record of ``path`` or NULL; ValueError for a length that no record has."""
        cdef uint32_t length = self.checked_length(len(path))
        cdef const char *text = PyBytes_AS_STRING(path)
        return table_find(&self.table, text, length, hash_path(&self.table, text, length))

    cdef uint32_t checked_length(self, Py_ssize_t length) except 0:
        if not 0 < length <= MAX_PATH:
            raise ValueError(f"a path of {length} bytes; want 1 to {MAX_PATH}")
        return <uint32_t>length

    cdef uint8_t checked_policy(self, policy) except? 255:
        if not 0 <= policy < self.policies:
            raise ValueError(f"policy {policy}; want 0 to {self.policies - 1}")
        return policy

    def find(self, bytes path not None):
        """(id, policy) of these very bytes, or None."""
        self.guard()
        if not 0 < len(path) <= MAX_PATH:
            return None
        cdef Record *record = self.look_up(path)
        return None if record == NULL else (record.id, record.policy)

    def add_path(self, bytes path not None, policy):
        """A new path, canonical and not known yet: its id, or None when no more paths are allowed."""
        self.guard()
        cdef uint32_t length = self.checked_length(len(path))
        cdef const char *text = PyBytes_AS_STRING(path)
        if self.look_up(path) != NULL:
            raise ValueError(f"path {path!r} is known already")
        if not self.has_room():
            return None
        if self.add(text, length, hash_path(&self.table, text, length), self.checked_policy(policy)) != OK:
            raise MemoryError
        return self.next_id - 1

    def add_alias(self, bytes spelling not None, bytes path not None):
        """From now on lines with ``spelling`` are lines of ``path``, which is known."""
        self.guard()
        cdef Record *record = self.look_up(path)
        cdef uint32_t length = self.checked_length(len(spelling)), place
        cdef const char *text = PyBytes_AS_STRING(spelling)
        if record == NULL or self.look_up(spelling) != NULL:
            raise ValueError(f"alias {spelling!r} of {path!r}: want a new spelling of a known path")
        if table_add(&self.table, text, length, hash_path(&self.table, text, length), record.id, record.policy, &place) != OK:
            raise MemoryError
        record_at(&self.table, place).alias = True
        self.aliases += 1

    def load(self, policy, const uint32_t[::1] ids not None, const uint32_t[::1] lengths not None, bytes paths not None):
        """Paths known from before, back to back: ``lengths[i]`` bytes with ``ids[i]``, below ``next_id``. A path that is known
        gets the later id."""
        self.guard()
        cdef Py_ssize_t i
        cdef uint64_t total = 0
        cdef uint32_t longest = 0, shortest = 0xFFFF_FFFFU, highest = 0
        cdef uint8_t number = self.checked_policy(policy)
        cdef const char *text = PyBytes_AS_STRING(paths)
        for i in range(lengths.shape[0]):
            total += lengths[i]
            longest = max(longest, lengths[i])
            shortest = min(shortest, lengths[i])
        for i in range(ids.shape[0]):
            highest = max(highest, ids[i])
        if ids.shape[0] != lengths.shape[0] or total != <uint64_t>len(paths):
            raise ValueError(f"{len(paths)} bytes for {len(ids)} ids and {len(lengths)} lengths that sum to {total}")
        if shortest < 1 or longest > MAX_PATH:
            raise ValueError(f"paths of {shortest} to {longest} bytes; want 1 to {MAX_PATH}")
        if ids.shape[0] and highest >= self.next_id:
            raise ValueError(f"id {highest} is not below the next id, {self.next_id}")
        for i in range(ids.shape[0]):
            if self.load_path(text, lengths[i], ids[i], number) != OK:
                raise MemoryError
            text += lengths[i]

    cdef int load_path(self, const char *path, uint32_t length, uint32_t id, uint8_t policy) noexcept nogil:
        cdef uint64_t hash = hash_path(&self.table, path, length)
        cdef Record *record = table_find(&self.table, path, length, hash)
        cdef uint32_t place
        if record == NULL:
            return table_add(&self.table, path, length, hash, id, policy, &place)
        record.id = id
        record.policy = policy
        return OK

    def forget(self, const uint32_t[::1] ids not None):
        """The paths of ``ids``, in every spelling, are known no more: the next line of one makes a new path. What open windows
        hold of the ids stays. After take_new, for a path that was not handed out would be without a name for ever. Looks at
        each known path once, for all ids together: 10 ms for a million."""
        self.guard()
        cdef uint8_t *wanted
        cdef Py_ssize_t i
        if self.fresh_count:
            raise ValueError(f"{self.fresh_count} new paths are not taken yet")
        for i in range(ids.shape[0]):
            if ids[i] >= self.next_id:
                raise ValueError(f"id {ids[i]} is not below the next id, {self.next_id}")
        wanted = <uint8_t *>calloc(self.next_id // 8 + 1, 1)
        if wanted == NULL:
            raise MemoryError
        for i in range(ids.shape[0]):
            wanted[ids[i] >> 3] |= 1 << (ids[i] & 7)
        self.remove_marked(wanted)
        free(wanted)

    cdef void remove_marked(self, const uint8_t *wanted) noexcept nogil:
        """Every record whose id has its bit set."""
        cdef uint32_t place = 0, units
        cdef Record *record
        while place < self.table.units:
            record = record_at(&self.table, place)
            units = units_of(record.length)
            if record.policy != FREED and wanted[record.id >> 3] >> (record.id & 7) & 1:
                self.aliases -= record.alias
                table_remove(&self.table, place)
            place += units

    def take_new(self):
        """Paths created since the last call, by policy: (policy, ids, lengths, paths), the first two as packed u32."""
        self.guard()
        cdef size_t i
        cdef size_t counts[MAX_POLICIES]
        cdef size_t sizes[MAX_POLICIES]
        cdef Record *record
        memset(counts, 0, sizeof(counts))
        memset(sizes, 0, sizeof(sizes))
        for i in range(self.fresh_count):
            record = record_at(&self.table, self.fresh[i])
            counts[record.policy] += 1
            sizes[record.policy] += record.length
        answer = [self.copy_new(policy, counts[policy], sizes[policy]) for policy in range(self.policies) if counts[policy]]
        free(self.fresh)  # a burst of new paths is not to be remembered by the memory it took
        self.fresh = NULL
        self.fresh_count = self.fresh_room = 0
        return answer

    cdef tuple copy_new(self, uint8_t policy, Py_ssize_t count, Py_ssize_t size):
        cdef bytes ids = PyBytes_FromStringAndSize(NULL, 4 * count)
        cdef bytes lengths = PyBytes_FromStringAndSize(NULL, 4 * count)
        cdef bytes paths = PyBytes_FromStringAndSize(NULL, size)
        cdef uint32_t *id_at = <uint32_t *>PyBytes_AS_STRING(ids)
        cdef uint32_t *length_at = <uint32_t *>PyBytes_AS_STRING(lengths)
        cdef char *path_at = PyBytes_AS_STRING(paths)
        cdef size_t i
        cdef Record *record
        for i in range(self.fresh_count):
            record = record_at(&self.table, self.fresh[i])
            if record.policy != policy:
                continue
            id_at[0] = record.id
            length_at[0] = record.length
            memcpy(path_at, path_of(record), record.length)
            id_at += 1
            length_at += 1
            path_at += record.length
        return policy, ids, lengths, paths

    @property
    def paths(self):
        """Known paths, other spellings not counted."""
        return self.table.records - self.aliases

    # -- time and windows ----------------------------------------------------------------------------------------------------

    def set_clock(self, double now, double steady):
        """``now``: unix seconds, as ``describe`` gives them back in ``opened``; ``steady``: the same for ``touched``."""
        self.guard()
        self.windows.now = now
        self.windows.steady = steady

    def set_bounds(self, policy, oldest, newest):
        """Unix seconds [oldest, newest] that go to the policy's finest level; a line outside is a slow one."""
        self.guard()
        cdef uint8_t number = self.checked_policy(policy)
        if not 0 <= oldest <= newest < 2**32:
            raise ValueError(f"times from {oldest} to {newest}; want 0 <= oldest <= newest < 2**32")
        self.bases[number].oldest = oldest
        self.bases[number].span = newest - oldest

    def fold(self, level, id, time, double value):
        """One sample at ``time`` (whole unix seconds) into a window of ``level``."""
        self.guard()
        cdef uint32_t step_s, known_id = id, seconds = time
        cdef Window *window
        cdef uint64_t *cell
        if not 0 <= level < len(self.levels) or id >= self.next_id or value - value != 0:
            raise ValueError(f"level {level}, id {id}, value {value}; want a level, a known id and a finite value")
        step_s = self.levels[level][1]
        window = window_of(&self.windows, level, seconds // step_s, step_s)
        cell = NULL if window == NULL else cell_of(&self.windows, window, known_id)
        if cell == NULL or fold_into(&self.windows, window, cell, value) != OK:
            raise MemoryError
        self.folded += 1
        self.note_time(seconds)

    @property
    def open_bytes(self):
        """Memory of all open windows."""
        return self.windows.bytes

    @property
    def open_windows(self):
        return self.windows.count

    @property
    def newest(self):
        """Unix second at which the latest window ever opened ends; 0 before the first sample."""
        return self.windows.newest

    @property
    def newest_start(self):
        """Unix second at which the latest window ever opened begins; 0 before the first."""
        return self.windows.newest_start

    def recent_times(self):
        """Times of some of the last samples, one of each batch of up to 64 lines, in no order."""
        return [self.recent[i] for i in range(min(self.recent_count, <uint64_t>RECENT))]

    def describe(self):
        """The open windows in order of opening, as packed rows of closing.OPEN_WINDOW."""
        self.guard()
        cdef bytes rows = PyBytes_FromStringAndSize(NULL, self.windows.count * sizeof(OpenWindow))
        cdef OpenWindow *row = <OpenWindow *>PyBytes_AS_STRING(rows)
        cdef Window *window
        cdef uint32_t i
        for i in range(self.windows.count):
            window = self.windows.windows[i]
            row[i].level = window.level
            row[i].number = window.number
            row[i].bytes = window.bytes
            row[i].present = window.present
            row[i].opened = window.opened
            row[i].touched = window.touched
        return rows

    def take(self, const uint32_t[::1] positions not None):
        """Takes out the windows at these positions of ``describe``, ascending: a pointer each. What comes later for one of
        them opens a new one."""
        self.guard()
        cdef Py_ssize_t i
        cdef uint32_t position, kept = 0, taken = 0
        cdef Window *window
        for i in range(positions.shape[0]):
            if positions[i] >= self.windows.count or (i and positions[i] <= positions[i - 1]):
                raise ValueError(f"positions {list(positions)}; want them to ascend, below {self.windows.count}")
        cdef list closed = [Closed.__new__(Closed) for _ in range(positions.shape[0])]
        for position in range(self.windows.count):
            window = self.windows.windows[position]
            if taken < positions.shape[0] and positions[taken] == position:
                (<Closed>closed[taken]).window = window
                self.windows.bytes -= window.bytes
                taken += 1
            else:
                self.windows.windows[kept] = window
                kept += 1
        self.windows.count = kept
        index_windows(&self.windows)
        for i in range(MAX_POLICIES):
            self.bases[i].recent = NULL
        return closed

    def open_points(self, policy, const uint32_t[::1] ids not None):
        """Points of ``ids`` in the open windows of every level of ``policy``, as packed rows of schema.head.HEAD_POINT."""
        self.guard()
        cdef list levels = [of for of, _ in self.levels]
        cdef list mine = [i for i in range(self.windows.count) if levels[self.windows.windows[i].level] == policy]
        cdef size_t total = 0
        cdef uint32_t position
        for position in mine:
            total += window_points(self.windows.windows[position], ids, NULL)
        cdef bytes rows = PyBytes_FromStringAndSize(NULL, total * sizeof(HeadPoint))
        cdef HeadPoint *row = <HeadPoint *>PyBytes_AS_STRING(rows)
        for position in mine:
            row += window_points(self.windows.windows[position], ids, row)
        return rows

    def stream(self):
        """The lines of a new connection."""
        return Stream(self)


include "stream.pxi"
include "closed.pxi"
