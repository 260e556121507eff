# Leaves: nodes with an id and a policy. A directory of pages leads from id to node; a page without leaves is freed.

cdef uint32_t node_of(const Core *core, uint32_t id) noexcept nogil:
    cdef uint32_t page = id >> PAGE_BITS
    if page >= core.page_room or core.pages[page].nodes == NULL:
        return NIL
    return core.pages[page].nodes[id & ((1 << PAGE_BITS) - 1)]


cdef int reserve_id(Core *core, uint32_t id) noexcept nogil:
    cdef uint32_t page = id >> PAGE_BITS, room = core.page_room
    cdef void *wide = widen(core.pages, &core.page_room, <uint64_t>page + 1, sizeof(Page))
    if wide == NULL:
        return NO_MEMORY
    core.pages = <Page *>wide
    memset(core.pages + room, 0, (core.page_room - room) * sizeof(Page))
    if core.pages[page].nodes == NULL:
        core.pages[page].nodes = <uint32_t *>malloc(sizeof(uint32_t) << PAGE_BITS)
        if core.pages[page].nodes == NULL:
            return NO_MEMORY
        memset(core.pages[page].nodes, 0xFF, sizeof(uint32_t) << PAGE_BITS)
    return OK


cdef void drop_leaf(Core *core, uint32_t node) noexcept nogil:
    """Take the id from ``node``; the node stays until it is pruned."""
    cdef uint32_t id = core.nodes[node].id
    cdef Page *page = &core.pages[id >> PAGE_BITS]
    page.nodes[id & ((1 << PAGE_BITS) - 1)] = NIL
    page.used -= 1
    if page.used == 0:
        free(page.nodes)
        page.nodes = NULL
    core.nodes[node].id = NIL
    core.nodes[node].seen = never()
    core.leaves -= 1
    if core.nodes[node].parent == TAGGED:
        core.tagged -= 1
        note_tagged(core, id)


cdef void set_leaf(Core *core, uint32_t node, uint32_t id, uint32_t policy, Days seen) noexcept nogil:
    """Give a node without id one that no node has and that is reserved."""
    cdef Page *page = &core.pages[id >> PAGE_BITS]
    page.nodes[id & ((1 << PAGE_BITS) - 1)] = node
    page.used += 1
    core.nodes[node].id = id
    core.nodes[node].policy = policy
    core.leaves += 1
    if core.nodes[node].parent == TAGGED:
        core.tagged += 1
        note_tagged(core, id)
    add_days(core, node, seen)


cdef void remove_id(Core *core, uint32_t id) noexcept nogil:
    cdef uint32_t node = node_of(core, id)
    if node != NIL:
        drop_leaf(core, node)
        prune(core, node)


cdef uint32_t find_id(const Core *core, const uint8_t *path, uint32_t size) noexcept nogil:
    """The id of ``path``; NIL if it has none."""
    cdef uint32_t node = find_node(core, path, size) if size else NIL
    return core.nodes[node].id if node != NIL else NIL


cdef int put_path(Core *core, const uint8_t *path, uint32_t size, uint32_t id, uint32_t policy, Days seen) noexcept nogil:
    """Path ``path`` is ``id`` from now on, whatever either was before. The id was ``seen``, beside what is known of it."""
    cdef uint32_t node, before = node_of(core, id)
    if id == NIL or not is_path(path, size):
        return INVALID
    node = grow_path(core, path, size)
    if node == NIL:
        return NO_MEMORY
    if node == before:
        core.nodes[node].policy = policy
        add_days(core, node, seen)
        return OK
    if core.nodes[node].id != NIL:
        drop_leaf(core, node)
    if before != NIL:
        widen_days(&seen, core.nodes[before].seen)
        drop_leaf(core, before)
    if reserve_id(core, id) != OK:
        prune(core, node)
        return NO_MEMORY
    set_leaf(core, node, id, policy, seen)
    if before != NIL:
        prune(core, before)
    return OK
