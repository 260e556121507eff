# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Tagged paths turned inside out: which of them have which ``tag=value``.

The distinct texts ``tag=value`` are interned in one buffer and found by a hash table with open addressing; of every path the
numbers of its texts are kept until ``finish`` puts the texts in order and lists the paths below them.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

include "order.pxi"

cdef enum:
    LONGEST = 65_535 + 5  # bytes of a text: a path of any length that a uint16 can say, behind "name="

cdef enum:  # what went wrong
    OK = 0
    NO_MEMORY = -1
    TOO_MANY = -2

cdef extern from *:
    """
    #define NONE 0xFFFFFFFFu
    """
    const uint32_t NONE

cdef struct Text:  # one distinct tag=value
    uint64_t at
    uint32_t length
    uint32_t uses  # by paths

cdef struct State:
    Text *texts
    uint64_t text_count
    uint64_t text_room
    uint8_t *bytes
    uint64_t byte_count
    uint64_t byte_room
    uint32_t *slots  # of the hash table: numbers of texts
    uint64_t slot_count  # a power of two
    uint32_t *entries  # numbers of texts, path by path
    uint64_t entry_count
    uint64_t entry_room
    uint32_t *ends  # of each path's entries
    uint64_t path_count
    uint64_t path_room
    uint8_t[LONGEST] scratch


cdef void *widened(void *array, uint64_t *room, uint64_t need, size_t item) noexcept nogil:
    """The array with room for ``need`` items, or NULL; then the old one stands."""
    cdef uint64_t wider = max(need, room[0] + room[0] // 2, <uint64_t>1024)
    cdef void *wide
    if need <= room[0]:
        return array
    wide = realloc(array, wider * item)
    if wide != NULL:
        room[0] = wider
    return wide


cdef uint64_t hash_of(const uint8_t *text, uint32_t length) noexcept nogil:
    cdef uint64_t hashed = <uint64_t>0xCBF29CE484222325
    cdef uint32_t i
    for i in range(length):
        hashed = (hashed ^ text[i]) * <uint64_t>0x100000001B3
    return hashed ^ hashed >> 29


cdef uint64_t slot_of(const State *state, const uint8_t *text, uint32_t length) noexcept nogil:
    """The slot that holds this text, or the free one where it belongs."""
    cdef uint64_t mask = state.slot_count - 1, slot = hash_of(text, length) & mask
    cdef const Text *it
    while state.slots[slot] != NONE:
        it = &state.texts[state.slots[slot]]
        if it.length == length and memcmp(state.bytes + it.at, text, length) == 0:
            break
        slot = (slot + 1) & mask
    return slot


cdef int double_slots(State *state) noexcept nogil:
    cdef uint64_t count = max(state.slot_count * 2, <uint64_t>1024), i
    cdef uint32_t *slots = <uint32_t *>malloc(count * sizeof(uint32_t))
    if slots == NULL:
        return NO_MEMORY
    memset(slots, 0xFF, count * sizeof(uint32_t))
    free(state.slots)
    state.slots, state.slot_count = slots, count
    for i in range(state.text_count):
        slots[slot_of(state, state.bytes + state.texts[i].at, state.texts[i].length)] = <uint32_t>i
    return OK


cdef int add_text(State *state, uint64_t slot, const uint8_t *text, uint32_t length) noexcept nogil:
    cdef void *wide = widened(state.texts, &state.text_room, state.text_count + 1, sizeof(Text))
    if wide == NULL:
        return NO_MEMORY
    state.texts = <Text *>wide
    wide = widened(state.bytes, &state.byte_room, state.byte_count + length, 1)
    if wide == NULL:
        return NO_MEMORY
    state.bytes = <uint8_t *>wide
    memcpy(state.bytes + state.byte_count, text, length)
    state.texts[state.text_count] = Text(state.byte_count, length, 0)
    state.slots[slot] = <uint32_t>state.text_count
    state.text_count += 1
    state.byte_count += length
    return OK


cdef int add_entry(State *state, const uint8_t *text, uint32_t length) noexcept nogil:
    """One more path has this text."""
    cdef uint64_t slot
    cdef void *wide = widened(state.entries, &state.entry_room, state.entry_count + 1, sizeof(uint32_t))
    if wide == NULL:
        return NO_MEMORY
    state.entries = <uint32_t *>wide
    if state.entry_count + 1 >= NONE:
        return TOO_MANY
    if state.text_count * 3 >= state.slot_count * 2 and double_slots(state) != OK:
        return NO_MEMORY
    slot = slot_of(state, text, length)
    if state.slots[slot] == NONE and add_text(state, slot, text, length) != OK:
        return NO_MEMORY
    state.texts[state.slots[slot]].uses += 1
    state.entries[state.entry_count] = state.slots[slot]
    state.entry_count += 1
    return OK


cdef bint is_tag(const uint8_t *text, uint32_t length) noexcept nogil:
    """Whether it says a value of a tag other than the name, which comes first in a path."""
    if length >= 5 and memcmp(text, b"name=", 5) == 0:
        return False
    return length > 0 and text[0] != b"=" and memchr(text, b"=", length) != NULL


cdef int add_path(State *state, const uint8_t *path, uint32_t size) noexcept nogil:
    cdef void *wide = widened(state.ends, &state.path_room, state.path_count + 1, sizeof(uint32_t))
    cdef const uint8_t *found
    cdef uint32_t start = 0, end
    cdef int status
    if wide == NULL:
        return NO_MEMORY
    state.ends = <uint32_t *>wide
    while start <= size:
        found = <const uint8_t *>memchr(path + start, b";", size - start)
        end = <uint32_t>(found - path) if found != NULL else size
        status = OK
        if start == 0:
            memcpy(state.scratch, b"name=", 5)
            memcpy(state.scratch + 5, path, end)
            status = add_entry(state, state.scratch, end + 5)
        elif is_tag(path + start, end - start):
            status = add_entry(state, path + start, end - start)
        if status != OK:
            return status
        start = end + 1
    state.ends[state.path_count] = <uint32_t>state.entry_count
    state.path_count += 1
    return OK


cdef int order_texts(State *state, uint32_t *order) noexcept nogil:
    """``order[i]`` becomes the number of the text that is the i-th when they are sorted."""
    cdef Item *items = <Item *>malloc(2 * state.text_count * sizeof(Item) + 1)
    cdef uint64_t i
    if items == NULL:
        return NO_MEMORY
    for i in range(state.text_count):
        items[i] = item_of(state.bytes + state.texts[i].at, state.texts[i].length, 0, <uint32_t>i)
    sort_items(items, items + state.text_count, state.text_count, 0)
    for i in range(state.text_count):
        order[i] = items[i].node
    free(items)
    return OK


cdef void write_texts(const State *state, const uint32_t *order, uint8_t *bytes, uint64_t *ends) noexcept nogil:
    cdef uint64_t i, end = 0
    cdef const Text *text
    for i in range(state.text_count):
        text = &state.texts[order[i]]
        memcpy(bytes + end, state.bytes + text.at, text.length)
        end += text.length
        ends[i] = end


cdef void list_rows(const State *state, const uint32_t *order, uint32_t *next, uint32_t *starts, uint32_t *rows) noexcept nogil:
    """The paths of the texts, one text after the other; ``next`` is room for a number a text."""
    cdef uint64_t i, entry = 0
    cdef uint32_t start = 0, number
    for i in range(state.text_count):
        starts[i] = next[order[i]] = start
        start += state.texts[order[i]].uses
    starts[state.text_count] = start
    for i in range(state.path_count):
        while entry < state.ends[i]:
            number = state.entries[entry]
            rows[next[number]] = <uint32_t>i
            next[number] += 1
            entry += 1


cdef class Inverter:
    """Takes tagged paths, and says in the end which of them have which ``tag=value``. One thread at a time."""

    cdef State *state

    def __cinit__(self):
        self.state = <State *>calloc(1, sizeof(State))
        if self.state == NULL or double_slots(self.state) != OK:
            raise MemoryError

    def __dealloc__(self):
        if self.state != NULL:
            free(self.state.texts)
            free(self.state.bytes)
            free(self.state.slots)
            free(self.state.entries)
            free(self.state.ends)
            free(self.state)

    def add(self, const uint16_t[::1] lengths not None, const uint8_t[::1] paths not None):
        """Paths back to back, with their sizes in bytes. ValueError if they do not go together, OverflowError for more tags
        than a uint32 can count."""
        cdef uint64_t at = 0, i, total = 0
        cdef int status = OK
        for i in range(lengths.shape[0]):
            total += lengths[i]
        if total != <uint64_t>paths.shape[0]:
            raise ValueError(f"got {paths.shape[0]} bytes of paths; their lengths make {total}")
        if total == 0:
            return
        with nogil:
            for i in range(lengths.shape[0]):
                status = add_path(self.state, &paths[0] + at, lengths[i])
                if status != OK:
                    break
                at += lengths[i]
        if status == TOO_MANY:
            raise OverflowError(f"more than {NONE - 1} tags in all paths together")
        if status != OK:
            raise MemoryError

    def finish(self):
        """(texts, ends, starts, rows): the distinct texts ``tag=value`` in the order of their bytes, back to back, and where
        each ends (uint64); the places in ``rows`` (uint32, one more than texts) from which on the paths are listed that have
        it, counted as they were added (uint32), ascending."""
        cdef State *state = self.state
        cdef bytearray texts = bytearray(state.byte_count), ends = bytearray(8 * state.text_count)
        cdef bytearray starts = bytearray(4 * (state.text_count + 1)), rows = bytearray(4 * state.entry_count)
        cdef uint8_t *texts_at = texts
        cdef uint64_t *ends_at = <uint64_t *><char *>ends
        cdef uint32_t *starts_at = <uint32_t *><char *>starts
        cdef uint32_t *rows_at = <uint32_t *><char *>rows
        cdef uint32_t *order = <uint32_t *>malloc(2 * state.text_count * sizeof(uint32_t) + 1)
        cdef int status = NO_MEMORY
        if order != NULL:
            with nogil:
                status = order_texts(state, order)
                if status == OK:
                    write_texts(state, order, texts_at, ends_at)
                    list_rows(state, order, order + state.text_count, starts_at, rows_at)
                free(order)
        if status != OK:
            raise MemoryError
        return texts, ends, starts, rows
