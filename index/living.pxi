# Living: all paths by id, for those who take them from the trie rather than ask for some.

cdef enum:
    LIVING = 10  # bytes of a path's numbers

cdef int write_living(const Core *core, Output *output) noexcept nogil:
    """Columns by ascending id: id u32, policy u16, first day u16, last day u16."""
    cdef uint64_t count = core.leaves, found = 0
    cdef uint32_t page, i
    cdef const Node *node
    output.at = <uint8_t *>malloc(LIVING * count + 1)
    if output.at == NULL:
        return NO_MEMORY
    output.size = output.room = LIVING * count
    for page in range(core.page_room):
        for i in range((1 << PAGE_BITS) if core.pages[page].nodes != NULL else 0):
            if core.pages[page].nodes[i] == NIL:
                continue
            node = &core.nodes[core.pages[page].nodes[i]]
            (<uint32_t *>output.at)[found] = node.id
            (<uint16_t *>(output.at + 4 * count))[found] = <uint16_t>node.policy
            (<uint16_t *>(output.at + 6 * count))[found] = node.seen.first
            (<uint16_t *>(output.at + 8 * count))[found] = node.seen.last
            found += 1
    return OK


cdef int write_paths(const Core *core, const uint32_t *ids, uint64_t count, Output *lengths, Output *paths) noexcept nogil:
    """The length u16 of each id's path, and the paths back to back. INVALID if an id has none."""
    cdef uint64_t i, total = 0
    cdef uint32_t size
    cdef uint8_t *end
    lengths.at = <uint8_t *>malloc(2 * count + 1)
    if lengths.at == NULL:
        return NO_MEMORY
    lengths.size = lengths.room = 2 * count
    for i in range(count):
        if node_of(core, ids[i]) == NIL:
            return INVALID
        size = path_size(core, node_of(core, ids[i]))
        (<uint16_t *>lengths.at)[i] = <uint16_t>size
        total += size
    paths.at = <uint8_t *>malloc(total + 1)
    if paths.at == NULL:
        return NO_MEMORY
    paths.size = paths.room = total
    end = paths.at
    for i in range(count):
        end = write_path(core, node_of(core, ids[i]), end, False)
    return OK
