# Columns: the trie taken apart for a snapshot, and put together again.

cdef int copy_arrays(const Core *core, Core *copy) noexcept nogil:
    """Nodes, segments and texts as they are now, without what finds them: enough to export."""
    copy[0] = core[0]
    copy.children.slots = NULL
    copy.words.slots = NULL
    copy.pages = NULL
    copy.page_room = 0
    copy.watch.ids = NULL
    copy.nodes = <Node *>malloc(core.node_count * sizeof(Node))
    copy.segments = <Segment *>malloc(core.segment_count * sizeof(Segment) + 1)
    copy.text = <uint8_t *>malloc(<size_t>core.text_size + 1)
    if copy.nodes == NULL or copy.segments == NULL or copy.text == NULL:
        free_core(copy)
        return NO_MEMORY
    memcpy(copy.nodes, core.nodes, core.node_count * sizeof(Node))
    memcpy(copy.segments, core.segments, core.segment_count * sizeof(Segment))
    memcpy(copy.text, core.text, core.text_size)
    return OK


cdef struct Columns:  # what a snapshot holds: nodes from ROOTS on, parents before children
    uint32_t *parents
    uint32_t *segments
    uint32_t *ids
    uint16_t *policies
    uint16_t *firsts
    uint16_t *lasts
    uint32_t nodes
    uint16_t *lengths
    uint32_t words
    uint8_t *text
    uint32_t text_size
    uint32_t *policy_words
    uint32_t policy_count

cdef dict ENTRY_BYTES = {
    "parents": 4, "segments": 4, "ids": 4, "policies": 2, "firsts": 2, "lasts": 2, "lengths": 2, "text": 1, "policy_words": 4
}
cdef tuple OF_NODES = ("parents", "segments", "ids", "policies", "firsts", "lasts")


cdef dict empty_columns(uint64_t nodes, uint64_t words, uint64_t text_size, uint64_t policies):
    counts = (*(nodes for _ in OF_NODES), words, text_size, policies)
    return {name: bytearray(size * count) for (name, size), count in zip(ENTRY_BYTES.items(), counts, strict=True)}


cdef void point_into(Columns *columns, dict parts) except *:
    """The pointers; ``parts`` stays alive and of its sizes while they are used."""
    columns.parents = <uint32_t *><char *>parts["parents"]
    columns.segments = <uint32_t *><char *>parts["segments"]
    columns.ids = <uint32_t *><char *>parts["ids"]
    columns.policies = <uint16_t *><char *>parts["policies"]
    columns.firsts = <uint16_t *><char *>parts["firsts"]
    columns.lasts = <uint16_t *><char *>parts["lasts"]
    columns.lengths = <uint16_t *><char *>parts["lengths"]
    columns.text = <uint8_t *><char *>parts["text"]
    columns.policy_words = <uint32_t *><char *>parts["policy_words"]


cdef void count_entries(Columns *columns, dict parts) except *:
    """ValueError unless each column has whole entries, and the columns of nodes are of one length."""
    sizes = {name: len(part) for name, part in parts.items()}
    counts = {name: size // ENTRY_BYTES[name] for name, size in sizes.items()}
    if any(size % ENTRY_BYTES[name] for name, size in sizes.items()):
        raise ValueError(f"columns of {sizes} bytes end within an entry")
    if len({counts[name] for name in OF_NODES}) > 1:
        raise ValueError(f"columns of {counts} entries do not fit together")
    if max(counts.values()) >= NIL - ROOTS:
        raise ValueError(f"columns of {counts} entries are too long")
    columns.nodes, columns.words = counts["parents"], counts["lengths"]
    columns.text_size, columns.policy_count = counts["text"], counts["policy_words"]


cdef uint32_t export_word(const Core *copy, uint32_t segment, uint32_t *words, Columns *out) noexcept nogil:
    """The number of a segment in order of first use."""
    cdef const Segment *it = &copy.segments[segment]
    if words[segment] == NIL:
        words[segment] = out.words
        out.lengths[out.words] = it.length
        memcpy(out.text + out.text_size, copy.text + it.at, it.length)
        out.text_size += it.length
        out.words += 1
    return words[segment]


cdef void export_below(const Core *copy, uint32_t root, uint32_t *words, uint32_t *numbers, Columns *out) noexcept nogil:
    """Every node below ``root``, depth first."""
    cdef uint32_t node = copy.nodes[root].first_child
    cdef const Node *it
    numbers[root] = root
    while node != NIL:
        it = &copy.nodes[node]
        out.parents[out.nodes] = numbers[it.parent]
        out.segments[out.nodes] = export_word(copy, it.segment, words, out)
        out.ids[out.nodes] = it.id
        out.policies[out.nodes] = <uint16_t>it.policy if it.id != NIL else 0
        out.firsts[out.nodes] = it.seen.first if it.id != NIL else 0
        out.lasts[out.nodes] = it.seen.last
        numbers[node] = ROOTS + out.nodes
        out.nodes += 1
        if it.first_child != NIL:
            node = it.first_child
            continue
        while node != root and copy.nodes[node].next == NIL:
            node = copy.nodes[node].parent
        node = copy.nodes[node].next if node != root else NIL


cdef int export_columns(const Core *copy, Columns *out) noexcept nogil:
    cdef uint32_t *words = <uint32_t *>malloc(<size_t>copy.segment_count * 4 + 1)
    cdef uint32_t *numbers = <uint32_t *>malloc(<size_t>copy.node_count * 4)
    cdef uint32_t i
    if words == NULL or numbers == NULL:
        free(words)
        free(numbers)
        return NO_MEMORY
    memset(words, 0xFF, <size_t>copy.segment_count * 4)
    out.nodes = out.words = out.text_size = 0
    for i in range(copy.policy_count):
        out.policy_words[i] = export_word(copy, copy.policies[i], words, out)
    export_below(copy, ROOT, words, numbers, out)
    export_below(copy, TAGGED, words, numbers, out)
    free(words)
    free(numbers)
    return OK


cdef int import_words(Core *core, const Columns *columns) noexcept nogil:
    cdef uint64_t at = 0
    cdef uint32_t i
    for i in range(columns.words):
        if columns.lengths[i] == 0 or columns.lengths[i] > LONGEST_PATH or at + columns.lengths[i] > columns.text_size:
            return INVALID
        if find_segment(core, columns.text + at, columns.lengths[i]) != NIL:
            return INVALID
        if intern(core, columns.text + at, columns.lengths[i]) != i:
            return NO_MEMORY
        at += columns.lengths[i]
    if at != columns.text_size or columns.policy_count > MOST_POLICIES:
        return INVALID
    for i in range(columns.policy_count):
        if columns.policy_words[i] >= columns.words:
            return INVALID
        core.policies[i] = columns.policy_words[i]
        core.segments[core.policies[i]].uses += 1
    core.policy_count = columns.policy_count
    return OK


cdef bint nodes_make_sense(const Core *core, const Columns *columns, uint16_t *sizes) noexcept nogil:
    """Every reference points backwards and no path is too long; ``sizes`` is scratch, one for each node."""
    cdef uint64_t size
    cdef uint32_t i, parent
    sizes[ROOT] = sizes[TAGGED] = 0
    for i in range(columns.nodes):
        parent = columns.parents[i]
        if parent >= ROOTS + i or columns.segments[i] >= columns.words:
            return False
        size = sizes[parent] + <uint64_t>(parent >= ROOTS) + core.segments[columns.segments[i]].length
        if size > LONGEST_PATH or (columns.ids[i] != NIL and columns.policies[i] >= columns.policy_count):
            return False
        if columns.firsts[i] > columns.lasts[i]:
            return False
        sizes[ROOTS + i] = <uint16_t>size
    return True


cdef int import_nodes(Core *core, const Columns *columns) noexcept nogil:
    """Linked from the last to the first, so that siblings keep their order."""
    cdef void *wide = widen(core.nodes, &core.node_room, <uint64_t>ROOTS + columns.nodes, sizeof(Node))
    cdef uint32_t left, i, node, id
    if wide == NULL:
        return NO_MEMORY
    core.nodes = <Node *>wide
    set_blank(core.nodes, <uint64_t>ROOTS + columns.nodes)
    core.node_count = ROOTS + columns.nodes
    if table_reserve(core, &core.children, columns.nodes) != OK:
        return NO_MEMORY
    for left in range(columns.nodes, 0, -1):
        i = left - 1
        node, id = ROOTS + i, columns.ids[i]
        if find_child(core, columns.parents[i], columns.segments[i]) != NIL:
            return INVALID
        link(core, node, columns.parents[i], columns.segments[i])
        widen_days(&core.nodes[columns.parents[i]].below, core.nodes[node].below)  # what is below it is linked already
        if id == NIL:
            if core.nodes[node].first_child == NIL:
                return INVALID
            continue
        if node_of(core, id) != NIL:
            return INVALID
        if reserve_id(core, id) != OK:
            return NO_MEMORY
        set_leaf(core, node, id, columns.policies[i], days(columns.firsts[i], columns.lasts[i]))
    return OK


cdef int import_columns(Core *core, const Columns *columns) noexcept nogil:
    cdef uint16_t *sizes
    cdef bint sensible
    cdef int status
    status = import_words(core, columns)
    if status != OK:
        return status
    sizes = <uint16_t *>malloc((<uint64_t>ROOTS + columns.nodes) * 2)
    if sizes == NULL:
        return NO_MEMORY
    sensible = nodes_make_sense(core, columns, sizes)
    free(sizes)
    return import_nodes(core, columns) if sensible else INVALID
