# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The trie of paths in flat arrays: no Python object a path, everything slow without the GIL.

A node is a segment below a parent; segments are interned, so that a million paths hold few texts. Children hang in a
doubly linked list (to walk) and in one hash over (parent, segment) (to look up). Tagged paths are children of a second
root, each one segment as a whole: found literally, never by a glob. The pages it is made of:

    core.pxi     the arrays               table.pxi    the hash tables
    segment.pxi  texts                    node.pxi     the tree
    leaf.pxi     ids                      names.pxi    frames of the names log into the tree
    glob.pxi     one segment, one glob    search.pxi   a query, level by level
    order.pxi    sorting                  output.pxi   found nodes to text
    columns.pxi  snapshots                turns.pxi    the lock
    days.pxi     when ids were seen       frame.pxi    a frame, as the scan of frames sees it too
    living.pxi   all paths by id          tagged.pxi   those with tags, and which of them changed

The functions of the pages work on a ``Core`` whose lock the caller holds; ``Trie`` takes it.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

include "frame.pxi"
include "core.pxi"
include "days.pxi"
include "table.pxi"
include "segment.pxi"
include "node.pxi"
include "leaf.pxi"
include "names.pxi"
include "glob.pxi"
include "order.pxi"
include "search.pxi"
include "output.pxi"
include "columns.pxi"
include "living.pxi"
include "tagged.pxi"
include "turns.pxi"


cdef class Trie:
    """Paths, their ids and policies. Any thread; callers get their turns in the order in which they came."""

    cdef Core core
    cdef Turns turns

    def __cinit__(self):
        init_turns(&self.turns)
        if init_core(&self.core) != OK:
            raise MemoryError

    def __dealloc__(self):
        free_core(&self.core)
        free_turns(&self.turns)

    cdef int apply_frame(self, const uint8_t *data, const Frame *frame) noexcept nogil:
        cdef uint64_t path = frame.paths
        cdef uint32_t first = 0
        cdef int status = OK
        while first < frame.count and status == OK:
            take_turn(&self.turns)
            status = apply_slice(&self.core, data, frame, first, &path)
            end_turn(&self.turns)
            first += min(frame.count - first, <uint32_t>SLICE)
        return status

    def apply(self, const uint8_t[::1] data, const uint8_t[::1] frames):
        """Apply the frames that a scan of ``data`` found: ``frames`` are rows of frames.FRAME.

        Applying a frame twice changes nothing. Raises ValueError for the first frame that makes no sense.
        """
        cdef uint64_t count = frames.shape[0] // sizeof(Frame), i
        cdef const uint8_t *at
        cdef Frame frame
        cdef int status = OK
        if frames.shape[0] % sizeof(Frame):
            raise ValueError(f"got {frames.shape[0]} bytes of frames; want a multiple of {sizeof(Frame)}")
        if count == 0 or data.shape[0] == 0:
            return
        at = &data[0]
        with nogil:
            for i in range(count):
                memcpy(&frame, &frames[i * sizeof(Frame)], sizeof(Frame))
                status = INVALID
                if lies_within(&frame, at, data.shape[0]):
                    status = self.apply_frame(at, &frame)
                if status != OK:
                    break
        if status == NO_MEMORY:
            raise MemoryError
        if status != OK:
            raise ValueError(f"the frame at byte {frame.start} holds what is no path")

    cdef int answer(
        self, const Query *query, const Template *template, uint8_t separator, Output *text, Output *numbers
    ) noexcept nogil:
        """The nodes that ``query`` finds, written by ``template``, and their numbers."""
        cdef Search search
        cdef int status
        memset(&search, 0, sizeof(Search))
        search.core, search.limit, search.only_leaves, search.seen = &self.core, query.limit, query.only_leaves, query.seen
        take_turn(&self.turns)
        status = find_query(&search, query.text, query.size)
        if status == OK and query.by_name:
            status = merge_by_name(&search)
        if status == OK:
            status = write_found(&search, template, separator, text)
        if status == OK:
            status = write_numbers(&search, numbers)
        end_turn(&self.turns)
        free_search(&search)
        return status

    def encode(
        self,
        bytes query not None,
        uint64_t limit,
        bytes template not None,
        bytes separator not None,
        *,
        seen=None,
        bint by_name=False,
    ):
        """The nodes that a query of glob.compile finds, each written by ``template``; None if they are more than ``limit``.
        OverflowError if it takes too long to find them. ``seen``: as if there were only the paths seen from its first to its
        last day; a branch may be found for days between those on which something below it was seen.

        In a template byte 1 stands for the last segment and 2 for the path, as inside a JSON string; 3 for 0 or 1: has
        children; 4: is a leaf; 5: is a leaf and nothing else; 6 for the path as it is. Sorted by path, or with
        ``by_name`` one node for each last segment: branches, then leaves, sorted by segment.
        """
        cdef Query asked = Query(query, <uint32_t>len(query), limit, days_of(seen), False, by_name)
        cdef Template pieces
        cdef Output text = Output(NULL, 0, 0), numbers = Output(NULL, 0, 0)
        cdef uint8_t between
        cdef int status
        if len(separator) != 1:
            raise ValueError(f"got separator {separator!r}; want one byte")
        if not read_template(&pieces, template, <uint32_t>len(template)):
            raise ValueError(f"got template {template!r} with more than {MOST_PIECES - 1} fields")
        between = separator[0]
        try:
            with nogil:
                status = self.answer(&asked, &pieces, between, &text, &numbers)
            return None if is_beyond_limit(status) else bytes_of(&text, 0, text.size)
        finally:
            free(text.at)
            free(numbers.at)

    def columns(self, bytes query not None, uint64_t limit, *, seen=None, bint only_leaves=False):
        """The nodes that a query of glob.compile finds, sorted by path: (paths, ids, policies, branches), or None if they
        are more than ``limit``. OverflowError if it takes too long to find them. ``seen`` as for ``encode``.

        ``paths`` has a line feed between paths; ``ids`` are native uint32 (2**32 - 1: no leaf); ``policies`` native uint16,
        an index into ``policies()``; ``branches`` a byte each, 1: has children.
        """
        cdef Query asked = Query(query, <uint32_t>len(query), limit, days_of(seen), only_leaves, False)
        cdef Template pieces
        cdef Output paths = Output(NULL, 0, 0), numbers = Output(NULL, 0, 0)
        cdef uint64_t count
        cdef int status
        read_template(&pieces, b"\x06", 1)
        try:
            with nogil:
                status = self.answer(&asked, &pieces, PATTERN, &paths, &numbers)
            if is_beyond_limit(status):
                return None
            count = numbers.size // NUMBERS
            return (
                bytes_of(&paths, 0, paths.size),
                bytes_of(&numbers, 0, 4 * count),
                bytes_of(&numbers, 4 * count, 6 * count),
                bytes_of(&numbers, 6 * count, 7 * count),
            )
        finally:
            free(paths.at)
            free(numbers.at)

    def policies(self):
        """Names of policies in the order in which the log first named them."""
        cdef Output names = Output(NULL, 0, 0)
        cdef int status
        try:
            with nogil:
                take_turn(&self.turns)
                status = write_policies(&self.core, &names)
                end_turn(&self.turns)
            if status != OK:
                raise MemoryError
            return bytes_of(&names, 0, names.size).decode().split("\n") if names.size else []
        finally:
            free(names.at)

    def living(self):
        """Every path by ascending id: (ids, policies, first, last), native uint32, then uint16 three times; the days since
        1970-01-01 UTC on which it was first and last seen."""
        cdef uint64_t count
        cdef Output columns = Output(NULL, 0, 0)
        cdef int status
        try:
            with nogil:
                take_turn(&self.turns)
                status = write_living(&self.core, &columns)
                end_turn(&self.turns)
            if status != OK:
                raise MemoryError
            count = columns.size // LIVING
            return (
                bytes_of(&columns, 0, 4 * count),
                bytes_of(&columns, 4 * count, 6 * count),
                bytes_of(&columns, 6 * count, 8 * count),
                bytes_of(&columns, 8 * count, 10 * count),
            )
        finally:
            free(columns.at)

    def paths(self, const uint32_t[::1] ids not None):
        """The paths of ``ids``: (lengths, paths), native uint16 and UTF-8 back to back. KeyError if one of them has none."""
        cdef uint64_t count = ids.shape[0]
        cdef Output lengths = Output(NULL, 0, 0), paths = Output(NULL, 0, 0)
        cdef int status = OK
        if count == 0:
            return b"", b""
        try:
            with nogil:
                take_turn(&self.turns)
                status = write_paths(&self.core, &ids[0], count, &lengths, &paths)
                end_turn(&self.turns)
            if status == NO_MEMORY:
                raise MemoryError
            if status != OK:
                raise KeyError(f"one of {count} ids from {ids[0]} on has no path")
            return bytes_of(&lengths, 0, lengths.size), bytes_of(&paths, 0, paths.size)
        finally:
            free(lengths.at)
            free(paths.at)

    def ids(self, const uint16_t[::1] lengths not None, bytes paths not None):
        """The id of each path, native uint32; 2**32 - 1 where it has none. ``paths`` lie back to back, path i is ``lengths[i]``
        bytes long; any bytes may be asked for. ValueError if the lengths do not add up to ``paths``."""
        cdef uint64_t count = lengths.shape[0], total = 0, i, first = 0
        cdef const uint8_t *path = <const uint8_t *><const char *>paths
        cdef bytearray found = bytearray(4 * count)
        cdef uint32_t *ids = <uint32_t *><char *>found
        for i in range(count):
            total += lengths[i]
        if total != <uint64_t>len(paths):
            raise ValueError(f"got lengths of {total} bytes in all for {len(paths)} bytes of paths")
        with nogil:
            while first < count:
                take_turn(&self.turns)
                for i in range(first, min(count, first + SLICE)):
                    ids[i] = find_id(&self.core, path, lengths[i])
                    path += lengths[i]
                end_turn(&self.turns)
                first += SLICE
        return bytes(found)

    def watch_tagged(self):
        """The ids of all tagged paths, ascending, native uint32. From now on it is noted which of them change."""
        cdef Output ids = Output(NULL, 0, 0)
        cdef int status
        try:
            with nogil:
                take_turn(&self.turns)
                begin_watch(&self.core)
                status = write_tagged_ids(&self.core, &ids)
                end_turn(&self.turns)
            if status != OK:
                raise MemoryError
            return bytes_of(&ids, 0, ids.size)
        finally:
            free(ids.at)

    def changed_tagged(self):
        """The ids whose tagged path came, went or became another since this or ``watch_tagged`` was called, native uint32, in
        any order and more than once; None if they were too many to note: watch anew."""
        cdef Output ids = Output(NULL, 0, 0)
        cdef int status
        try:
            with nogil:
                take_turn(&self.turns)
                status = take_noted(&self.core, &ids)
                end_turn(&self.turns)
            return None if is_beyond_limit(status) else bytes_of(&ids, 0, ids.size)
        finally:
            free(ids.at)

    def leaves(self, const uint32_t[::1] ids not None, *, bint only_tagged=False):
        """Those of ``ids`` that have a path, in their order: (ids, policies, lengths, paths), native uint32, uint16 twice, and
        UTF-8 back to back. A policy is an index into ``policies()``."""
        cdef uint64_t count = ids.shape[0]
        cdef Output policies = Output(NULL, 0, 0), lengths = Output(NULL, 0, 0), paths = Output(NULL, 0, 0)
        cdef bytearray given = bytearray(4 * count)
        cdef uint32_t *kept = <uint32_t *><char *>given
        cdef int status
        if count == 0:
            return b"", b"", b"", b""
        memcpy(kept, &ids[0], 4 * count)
        try:
            with nogil:
                take_turn(&self.turns)
                count = keep_leaves(&self.core, kept, count, only_tagged)
                status = write_policies_of(&self.core, kept, count, &policies)
                if status == OK:
                    status = write_paths(&self.core, kept, count, &lengths, &paths)
                end_turn(&self.turns)
            if status != OK:
                raise MemoryError
            return (
                bytes(given[:4 * count]),
                bytes_of(&policies, 0, policies.size),
                bytes_of(&lengths, 0, lengths.size),
                bytes_of(&paths, 0, paths.size),
            )
        finally:
            free(policies.at)
            free(lengths.at)
            free(paths.at)

    def size(self):
        """(paths, those of them with tags, nodes, bytes of memory in use)"""
        cdef uint64_t leaves, tagged, nodes, used
        with nogil:
            take_turn(&self.turns)
            leaves, tagged, nodes = self.core.leaves, self.core.tagged, self.core.children.used
            used = memory_of(&self.core)
            end_turn(&self.turns)
        return leaves, tagged, nodes, used

    def dump(self):
        """The trie as columns for a snapshot: bytes by name, little-endian. Queries wait only while the arrays are copied."""
        cdef Core copy
        cdef Columns out
        cdef int status
        with nogil:
            take_turn(&self.turns)
            status = copy_arrays(&self.core, &copy)
            end_turn(&self.turns)
        if status != OK:
            raise MemoryError
        try:
            columns = empty_columns(copy.children.used, copy.words.used, copy.text_size, copy.policy_count)
            point_into(&out, columns)
            with nogil:
                status = export_columns(&copy, &out)
            if status != OK:
                raise MemoryError
            del columns["lengths"][2 * out.words:]
            del columns["text"][out.text_size:]
            return columns
        finally:
            free_core(&copy)

    @staticmethod
    def load(dict columns not None):
        """The trie that ``dump`` took apart. ValueError if the columns do not make one; nothing in them is trusted."""
        cdef Columns given
        cdef Trie trie = Trie()
        cdef int status
        parts = {name: bytes(columns[name]) for name in ENTRY_BYTES}
        count_entries(&given, parts)
        point_into(&given, parts)
        with nogil:
            status = import_columns(&trie.core, &given)
        if status == NO_MEMORY:
            raise MemoryError
        if status != OK:
            raise ValueError("the columns do not make a trie")
        return trie
