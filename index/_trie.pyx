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
    frame.pxi    a frame, as the scan of frames sees it too

The functions of the pages work on a ``Core`` whose lock the caller holds; ``Trie`` takes it.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

include "frame.pxi"
include "core.pxi"
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
                status = OK if frame.kind == SEEN else INVALID
                if frame.kind != SEEN and lies_within(&frame, at, data.shape[0]):
                    status = self.apply_frame(at, &frame)
                if status != OK:
                    break
        if status == NO_MEMORY:
            raise MemoryError
        if status != OK:
            raise ValueError(f"the frame at byte {frame.start} holds what is no path")

    cdef int search(self, Search *search, const uint8_t *query, uint32_t size, bint by_name) noexcept nogil:
        cdef int status
        search.core = &self.core
        status = find_query(search, query, size)
        return merge_by_name(search) if status == OK and by_name else status

    def encode(
        self,
        bytes query not None,
        uint64_t limit,
        bytes template not None,
        bytes separator not None,
        *,
        bint only_leaves=False,
        bint by_name=False,
    ):
        """The nodes that a query of glob.compile finds, each written by ``template``; None if they are more than ``limit``.

        In a template byte 1 stands for the last segment and 2 for the path, as inside a JSON string; 3 for 0 or 1: has
        children; 4: is a leaf; 5: is a leaf and nothing else; 6 for the path as it is. Sorted by path, or with
        ``by_name`` one node for each last segment: branches, then leaves, sorted by segment.
        """
        cdef const uint8_t *asked = query
        cdef uint32_t size = len(query)
        cdef Search search
        cdef Template pieces
        cdef Output output
        cdef uint8_t between
        cdef int status
        if len(separator) != 1:
            raise ValueError(f"got separator {separator!r}; want one byte")
        between = separator[0]
        if not read_template(&pieces, template, <uint32_t>len(template)):
            raise ValueError(f"got template {template!r} with more than {MOST_PIECES - 1} fields")
        memset(&search, 0, sizeof(Search))
        memset(&output, 0, sizeof(Output))
        search.limit, search.only_leaves = limit, only_leaves
        with nogil:
            take_turn(&self.turns)
            status = self.search(&search, asked, size, by_name)
            if status == OK:
                status = write_found(&search, &pieces, between, &output)
            end_turn(&self.turns)
            free_search(&search)
        try:
            if status == NO_MEMORY:
                raise MemoryError
            return None if status == BEYOND_LIMIT else (<char *>output.at)[:output.size] if output.size else b""
        finally:
            free(output.at)

    def columns(self, bytes query not None, uint64_t limit, *, bint only_leaves=False):
        """The nodes that a query of glob.compile finds, sorted by path: (paths, ids, policies, branches), or None if they
        are more than ``limit``.

        ``paths`` has a line feed between paths; ``ids`` are native uint32 (2**32 - 1: no leaf); ``policies`` native uint16,
        an index into ``policies()``; ``branches`` a byte each, 1: has children.
        """
        cdef const uint8_t *asked = query
        cdef uint32_t size = len(query), i
        cdef Search search
        cdef Template pieces
        cdef Output paths, numbers
        cdef const Node *node
        cdef uint64_t count
        cdef int status
        read_template(&pieces, b"\x06", 1)
        memset(&search, 0, sizeof(Search))
        memset(&paths, 0, sizeof(Output))
        memset(&numbers, 0, sizeof(Output))
        search.limit, search.only_leaves = limit, only_leaves
        with nogil:
            take_turn(&self.turns)
            status = self.search(&search, asked, size, False)
            if status == OK:
                status = write_found(&search, &pieces, PATTERN, &paths)
            count = search.found.size
            numbers.at = <uint8_t *>malloc(7 * count + 1)
            if numbers.at == NULL:
                status = NO_MEMORY
            if status == OK:
                for i in range(count):
                    node = &self.core.nodes[search.found.at[i]]
                    (<uint32_t *>numbers.at)[i] = node.id
                    (<uint16_t *>(numbers.at + 4 * count))[i] = <uint16_t>node.policy if node.id != NIL else 0
                    numbers.at[6 * count + i] = node.first_child != NIL
            end_turn(&self.turns)
            free_search(&search)
        try:
            if status == NO_MEMORY:
                raise MemoryError
            if status == BEYOND_LIMIT:
                return None
            return (
                (<char *>paths.at)[:paths.size] if paths.size else b"",
                (<char *>numbers.at)[:4 * count],
                (<char *>numbers.at)[4 * count:6 * count],
                (<char *>numbers.at)[6 * count:7 * count],
            )
        finally:
            free(paths.at)
            free(numbers.at)

    def policies(self):
        """Names of policies in the order in which the log first named them."""
        cdef uint32_t[MOST_POLICIES] at
        cdef uint8_t[LONGEST_PATH] name
        cdef uint32_t count, i, length = 0
        cdef const Segment *segment
        with nogil:
            take_turn(&self.turns)
            count = self.core.policy_count
            end_turn(&self.turns)
        names = []
        for i in range(count):
            with nogil:
                take_turn(&self.turns)
                segment = &self.core.segments[self.core.policies[i]]
                length = segment.length
                memcpy(name, self.core.text + segment.at, length)
                end_turn(&self.turns)
            names.append((<char *>name)[:length].decode())
        return names

    def size(self):
        """(paths, those of them with tags, nodes, bytes of memory in use)"""
        cdef uint64_t leaves, tagged, nodes, used
        cdef uint32_t i
        with nogil:
            take_turn(&self.turns)
            leaves, tagged, nodes = self.core.leaves, self.core.tagged, self.core.children.used
            used = <uint64_t>self.core.node_count * sizeof(Node) + <uint64_t>self.core.segment_count * sizeof(Segment)
            used += self.core.text_size + (self.core.children.mask + self.core.words.mask + 2) * 4
            for i in range(self.core.page_room):
                used += sizeof(Page) + (sizeof(uint32_t) << PAGE_BITS if self.core.pages[i].nodes != NULL else 0)
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
            memset(&out, 0, sizeof(Columns))
            nodes, words = copy.children.used, copy.words.used
            columns = {
                "parents": bytearray(4 * nodes), "segments": bytearray(4 * nodes), "ids": bytearray(4 * nodes),
                "policies": bytearray(2 * nodes), "lengths": bytearray(2 * words), "text": bytearray(copy.text_size),
                "policy_words": bytearray(4 * copy.policy_count),
            }
            out.parents = <uint32_t *><char *>columns["parents"]
            out.segments = <uint32_t *><char *>columns["segments"]
            out.ids = <uint32_t *><char *>columns["ids"]
            out.policies = <uint16_t *><char *>columns["policies"]
            out.lengths = <uint16_t *><char *>columns["lengths"]
            out.text = <uint8_t *><char *>columns["text"]
            out.policy_words = <uint32_t *><char *>columns["policy_words"]
            with nogil:
                status = export_columns(&copy, &out)
            if status != OK:
                raise MemoryError
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
        parts = {name: bytes(columns[name]) for name in ("parents", "segments", "ids", "policies", "lengths", "text", "policy_words")}
        nodes, words = len(parts["ids"]) // 4, len(parts["lengths"]) // 2
        want = {"parents": 4 * nodes, "segments": 4 * nodes, "ids": 4 * nodes, "policies": 2 * nodes, "lengths": 2 * words}
        if any(len(parts[name]) != size for name, size in want.items()) or len(parts["policy_words"]) % 4:
            raise ValueError(f"columns of {({name: len(part) for name, part in parts.items()})} bytes do not fit together")
        if max(nodes, words, len(parts["text"])) >= NIL:
            raise ValueError("columns are too long")
        memset(&given, 0, sizeof(Columns))
        given.nodes, given.words, given.text_size = nodes, words, len(parts["text"])
        given.policy_count = len(parts["policy_words"]) // 4
        given.parents = <uint32_t *><char *>parts["parents"]
        given.segments = <uint32_t *><char *>parts["segments"]
        given.ids = <uint32_t *><char *>parts["ids"]
        given.policies = <uint16_t *><char *>parts["policies"]
        given.lengths = <uint16_t *><char *>parts["lengths"]
        given.text = <uint8_t *><char *>parts["text"]
        given.policy_words = <uint32_t *><char *>parts["policy_words"]
        with nogil:
            status = import_columns(&trie.core, &given)
        if status == NO_MEMORY:
            raise MemoryError
        if status != OK:
            raise ValueError("the columns do not make a trie")
        return trie
