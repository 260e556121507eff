# Tagged: the leaves that carry tags, for a tag index that follows them.

cdef enum:
    MOST_NOTED = 1 << 20  # changed ids: who has not asked for so long begins again

cdef void note_tagged(Core *core, uint32_t id) noexcept nogil:
    """The tagged path of ``id`` came or went."""
    cdef Watch *watch = &core.watch
    cdef void *wide
    if not watch.on or watch.overflown:
        return
    wide = widen(watch.ids, &watch.room, <uint64_t>watch.count + 1, sizeof(uint32_t))
    if wide == NULL or watch.count == MOST_NOTED:
        watch.overflown = True
        return
    watch.ids = <uint32_t *>wide
    watch.ids[watch.count] = id
    watch.count += 1


cdef void begin_watch(Core *core) noexcept nogil:
    core.watch.on = True
    core.watch.overflown = False
    core.watch.count = 0


cdef int write_tagged_ids(const Core *core, Output *ids) noexcept nogil:
    """The ids u32 of all tagged paths, ascending."""
    cdef uint64_t found = 0
    cdef uint32_t page, i, node
    ids.at = <uint8_t *>malloc(4 * core.tagged + 1)
    if ids.at == NULL:
        return NO_MEMORY
    for page in range(core.page_room):
        for i in range((1 << PAGE_BITS) if core.pages[page].nodes != NULL else 0):
            node = core.pages[page].nodes[i]
            if node != NIL and core.nodes[node].parent == TAGGED:
                (<uint32_t *>ids.at)[found] = core.nodes[node].id
                found += 1
    ids.size = ids.room = 4 * found
    return OK


cdef int take_noted(Core *core, Output *ids) noexcept nogil:
    """The ids u32 that were noted since this was asked last; BEYOND_LIMIT if some were not."""
    cdef Watch *watch = &core.watch
    if watch.overflown:
        return BEYOND_LIMIT
    ids.at = <uint8_t *>malloc(4 * <uint64_t>watch.count + 1)
    if ids.at == NULL:
        return NO_MEMORY
    ids.size = ids.room = 4 * <uint64_t>watch.count
    if watch.count:
        memcpy(ids.at, watch.ids, ids.size)
    watch.count = 0
    return OK


cdef uint64_t keep_leaves(const Core *core, uint32_t *ids, uint64_t count, bint only_tagged) noexcept nogil:
    """Those of ``ids`` that have a path, or a tagged one, move to the front. Returns how many they are."""
    cdef uint64_t kept = 0, i
    cdef uint32_t node
    for i in range(count):
        node = node_of(core, ids[i])
        if node != NIL and (not only_tagged or core.nodes[node].parent == TAGGED):
            ids[kept] = ids[i]
            kept += 1
    return kept


cdef int write_policies_of(const Core *core, const uint32_t *ids, uint64_t count, Output *policies) noexcept nogil:
    """The policy u16 of each id; all have paths."""
    cdef uint64_t i
    policies.at = <uint8_t *>malloc(2 * count + 1)
    if policies.at == NULL:
        return NO_MEMORY
    policies.size = policies.room = 2 * count
    for i in range(count):
        (<uint16_t *>policies.at)[i] = <uint16_t>core.nodes[node_of(core, ids[i])].policy
    return OK
