# Nodes: a segment below a parent. A freed one is used again.

cdef inline uint32_t find_child(const Core *core, uint32_t parent, uint32_t segment) noexcept nogil:
    cdef uint64_t slot = hash_child(parent, segment) & core.children.mask
    cdef uint32_t child = core.children.slots[slot]
    while child != NIL:
        if core.nodes[child].parent == parent and core.nodes[child].segment == segment:
            return child
        slot = (slot + 1) & core.children.mask
        child = core.children.slots[slot]
    return NIL


cdef uint32_t new_node(Core *core) noexcept nogil:
    cdef uint32_t node = core.freed_node
    cdef void *wide
    if node != NIL:
        core.freed_node = core.nodes[node].next
        return node
    wide = widen(core.nodes, &core.node_room, <uint64_t>core.node_count + 1, sizeof(Node))
    if wide == NULL:
        return NIL
    core.nodes = <Node *>wide
    core.node_count += 1
    return core.node_count - 1


cdef void link(Core *core, uint32_t node, uint32_t parent, uint32_t segment) noexcept nogil:
    """Hang ``node`` below ``parent``, in front of its siblings. The table has room."""
    cdef Node *it = &core.nodes[node]
    it.parent = parent
    it.segment = segment
    it.previous = NIL
    it.next = core.nodes[parent].first_child
    if it.next != NIL:
        core.nodes[it.next].previous = node
    core.nodes[parent].first_child = node
    core.segments[segment].uses += 1
    table_add(core, &core.children, node)


cdef uint32_t add_child(Core *core, uint32_t parent, uint32_t segment) noexcept nogil:
    cdef uint32_t node
    if table_reserve(core, &core.children, 1) != OK:
        return NIL
    node = new_node(core)
    if node == NIL:
        return NIL
    set_blank(&core.nodes[node], 1)
    link(core, node, parent, segment)
    return node


cdef void prune(Core *core, uint32_t node) noexcept nogil:
    """Free ``node`` and what is above it, up to the first that is a leaf or has children."""
    cdef Node *it
    cdef uint32_t parent
    while node >= ROOTS and core.nodes[node].first_child == NIL and core.nodes[node].id == NIL:
        it = &core.nodes[node]
        parent = it.parent
        table_remove(core, &core.children, node)
        if it.previous != NIL:
            core.nodes[it.previous].next = it.next
        else:
            core.nodes[parent].first_child = it.next
        if it.next != NIL:
            core.nodes[it.next].previous = it.previous
        release_segment(core, it.segment)
        it.next = core.freed_node
        core.freed_node = node
        node = parent


cdef uint32_t below(Core *core, uint32_t parent, const uint8_t *text, uint32_t length) noexcept nogil:
    """The child of ``parent`` with this text, made if need be; NIL without memory."""
    cdef uint32_t segment = intern(core, text, length), child
    if segment == NIL:
        return NIL
    child = find_child(core, parent, segment)
    return child if child != NIL else add_child(core, parent, segment)


cdef uint32_t grow_path(Core *core, const uint8_t *path, uint32_t size) noexcept nogil:
    """The node of ``path``, made if need be; NIL without memory."""
    cdef uint32_t node = ROOT, child, start = 0, i
    if memchr(path, b";", size) != NULL:
        return below(core, TAGGED, path, size)
    for i in range(size + 1):
        if i == size or path[i] == b".":
            child = below(core, node, path + start, i - start)
            if child == NIL:
                prune(core, node)
                return NIL
            node = child
            start = i + 1
    return node


cdef uint32_t find_node(const Core *core, const uint8_t *path, uint32_t size) noexcept nogil:
    """The node of ``path``; NIL if there is none."""
    cdef uint32_t node = ROOT, segment, start = 0, i
    if memchr(path, b";", size) != NULL:
        segment = find_segment(core, path, size)
        return find_child(core, TAGGED, segment) if segment != NIL else NIL
    for i in range(size + 1):
        if i == size or path[i] == b".":
            segment = find_segment(core, path + start, i - start)
            if segment == NIL:
                return NIL
            node = find_child(core, node, segment)
            if node == NIL:
                return NIL
            start = i + 1
    return node


cdef bint is_path(const uint8_t *path, uint32_t size) noexcept nogil:
    """No control byte, and no empty segment before the tags."""
    cdef const uint8_t *tags
    cdef uint32_t i, name
    cdef uint8_t before = b"."
    if size == 0 or size > LONGEST_PATH:
        return False
    tags = <const uint8_t *>memchr(path, b";", size)
    name = <uint32_t>(tags - path) if tags != NULL else size
    for i in range(size):
        if path[i] < 0x20:
            return False
    for i in range(name):
        if path[i] == b"." and before == b".":
            return False
        before = path[i]
    return before != b"."
