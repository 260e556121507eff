# Hash tables of entries that lie elsewhere: nodes by (parent, segment), segments by text.

cdef inline uint64_t mix(uint64_t x) noexcept nogil:
    x ^= x >> 33
    x *= <uint64_t>0xFF51AFD7ED558CCD
    x ^= x >> 33
    x *= <uint64_t>0xC4CEB9FE1A85EC53
    return x ^ x >> 33


cdef inline uint64_t hash_text(const uint8_t *text, uint32_t length) noexcept nogil:
    cdef uint64_t hashed = <uint64_t>0xCBF29CE484222325
    cdef uint32_t i
    for i in range(length):
        hashed = (hashed ^ text[i]) * <uint64_t>0x100000001B3
    return mix(hashed)


cdef inline uint64_t hash_child(uint32_t parent, uint32_t segment) noexcept nogil:
    return mix(<uint64_t>parent << 32 | segment)


cdef inline uint64_t home(const Core *core, const Table *table, uint32_t entry) noexcept nogil:
    """The slot where the probing for ``entry`` begins."""
    cdef const Segment *segment
    if table.of_nodes:
        return hash_child(core.nodes[entry].parent, core.nodes[entry].segment) & table.mask
    segment = &core.segments[entry]
    return hash_text(core.text + segment.at, segment.length) & table.mask


cdef void table_add(const Core *core, Table *table, uint32_t entry) noexcept nogil:
    cdef uint64_t slot = home(core, table, entry)
    while table.slots[slot] != NIL:
        slot = (slot + 1) & table.mask
    table.slots[slot] = entry
    table.used += 1


cdef int table_reserve(const Core *core, Table *table, uint64_t more) noexcept nogil:
    """Room for ``more`` entries below two thirds of the slots."""
    cdef uint64_t size = table.mask + 1 if table.slots != NULL else 4096, i, old_size = table.mask + 1
    cdef uint32_t *old = table.slots
    while (table.used + more) * 3 > size * 2:
        size *= 2
    if old != NULL and size == old_size:
        return OK
    table.slots = <uint32_t *>malloc(size * sizeof(uint32_t))
    if table.slots == NULL:
        table.slots = old
        return NO_MEMORY
    memset(table.slots, 0xFF, size * sizeof(uint32_t))
    table.mask = size - 1
    table.used = 0
    if old != NULL:
        for i in range(old_size):
            if old[i] != NIL:
                table_add(core, table, old[i])
        free(old)
    return OK


cdef void table_remove(const Core *core, Table *table, uint32_t entry) noexcept nogil:
    """Backward shift: no entry is left where its probing would not find it."""
    cdef uint64_t hole = home(core, table, entry), at
    while table.slots[hole] != entry:
        hole = (hole + 1) & table.mask
    at = hole
    while True:
        at = (at + 1) & table.mask
        if table.slots[at] == NIL:
            break
        if ((at - home(core, table, table.slots[at])) & table.mask) >= ((at - hole) & table.mask):
            table.slots[hole] = table.slots[at]
            hole = at
    table.slots[hole] = NIL
    table.used -= 1
