# Finding: the nodes that a query of glob.py matches, sorted by path.

cdef enum:
    PATTERN = 0x0A  # between the patterns of a query
    MOST_WORK = 500_000_000  # bytes of alternatives tried on a node each: some seconds, while others wait for their turn

cdef struct Query:
    const uint8_t *text
    uint32_t size
    uint64_t limit
    Days seen
    bint only_leaves
    bint by_name

cdef struct List:
    uint32_t *at
    uint32_t size
    uint32_t room

cdef struct Search:
    const Core *core
    bint only_leaves
    uint64_t limit
    Days seen  # a path not seen in these days is not there
    List level  # nodes that match the pattern so far, in order of path
    List next_level
    List found
    Item *items
    Item *spare
    uint32_t item_count
    uint32_t item_room
    uint32_t spare_room
    uint64_t work
    uint8_t *verdicts  # by segment: 0 not asked yet, 1 does not match, 2 matches
    uint8_t *paths


cdef inline int push(List *nodes, uint32_t node) noexcept nogil:
    cdef void *wide
    if nodes.size == nodes.room:
        wide = widen(nodes.at, &nodes.room, <uint64_t>nodes.size + 1, sizeof(uint32_t))
        if wide == NULL:
            return NO_MEMORY
        nodes.at = <uint32_t *>wide
    nodes.at[nodes.size] = node
    nodes.size += 1
    return OK


cdef Days days_of(seen) except *:
    """The range of days (first, last); None is any day."""
    if seen is None:
        return days(0, LAST_DAY)
    first, last = seen
    return days(min(max(first, 0), LAST_DAY), min(max(last, 0), LAST_DAY))


cdef inline bint is_leaf(const Search *search, const Node *node) noexcept nogil:
    return node.id != NIL and overlap(node.seen, search.seen)


cdef inline bint is_branch(const Search *search, const Node *node) noexcept nogil:
    return node.first_child != NIL and overlap(node.below, search.seen)


cdef inline bint is_there(const Search *search, uint32_t node, bint last) noexcept nogil:
    """Before the pattern's end a node counts for what is below it."""
    cdef const Node *it
    if node == NIL:
        return False
    it = &search.core.nodes[node]
    if is_branch(search, it) and not (last and search.only_leaves):
        return True
    return last and is_leaf(search, it)


cdef inline int keep(Search *search, uint32_t node, bint last) noexcept nogil:
    """``node`` matches the pattern up to its depth; at the pattern's end there is a limit."""
    if last and <uint64_t>search.found.size + search.next_level.size >= search.limit:
        return BEYOND_LIMIT
    return push(&search.next_level, node)


cdef inline int add_item(Search *search, uint32_t node, uint8_t end) noexcept nogil:
    cdef const Segment *segment = &search.core.segments[search.core.nodes[node].segment]
    cdef void *wide
    if search.item_count == search.item_room:
        wide = widen(search.items, &search.item_room, <uint64_t>search.item_count + 1, sizeof(Item))
        if wide == NULL:
            return NO_MEMORY
        search.items = <Item *>wide
    search.items[search.item_count] = item_of(search.core.text + segment.at, segment.length, end, node)
    search.item_count += 1
    return OK


cdef int sort_found(Search *search, uint8_t end) noexcept nogil:
    cdef void *wide = widen(search.spare, &search.spare_room, search.item_count, sizeof(Item))
    if wide == NULL:
        return NO_MEMORY
    search.spare = <Item *>wide
    sort_items(search.items, search.spare, search.item_count, end)
    return OK


cdef int keep_items(Search *search, bint last) noexcept nogil:
    """The children of one node that match, in order of path: an inner segment sorts with the dot behind it."""
    cdef int status = sort_found(search, 0 if last else b".")
    cdef uint32_t i
    for i in range(search.item_count):
        if status != OK:
            break
        status = keep(search, search.items[i].node, last)
    return status


cdef int step_one(Search *search, const uint8_t *text, uint32_t size, bint last) noexcept nogil:
    """Fast path. One literal: a look-up for each node of the level."""
    cdef uint32_t segment = find_segment(search.core, text, size) if size else NIL
    cdef uint32_t i, child
    cdef int status = OK
    if segment == NIL:
        return OK
    for i in range(search.level.size):
        child = find_child(search.core, search.level.at[i], segment)
        if is_there(search, child, last):
            status = keep(search, child, last)
            if status != OK:
                return status
    return OK


cdef int step_literals(Search *search, const uint8_t *texts, uint32_t size, bint last) noexcept nogil:
    """Several literals: a look-up of each, for each node of the level."""
    cdef uint32_t i, start, end, segment, child
    cdef int status = OK
    for i in range(search.level.size):
        search.work += size
        if search.work > MOST_WORK:
            return BEYOND_WORK
        search.item_count = 0
        start = 0
        while start <= size and status == OK:
            end = until(texts, size, start, ALTERNATIVE)
            segment = find_segment(search.core, texts + start, end - start) if end > start else NIL
            child = find_child(search.core, search.level.at[i], segment) if segment != NIL else NIL
            if is_there(search, child, last):
                status = add_item(search, child, 0 if last else b".")
            start = end + 1
        if status == OK:
            status = keep_items(search, last)
        if status != OK:
            return status
    return OK


cdef inline bint child_matches(Search *search, const uint8_t *globs, uint32_t size, uint32_t node) noexcept nogil:
    """Each distinct segment is matched once a level."""
    cdef uint32_t at = search.core.nodes[node].segment
    cdef const Segment *segment = &search.core.segments[at]
    if search.verdicts[at] == 0:
        search.work += size
        search.verdicts[at] = 1 + matches_any(globs, size, search.core.text + segment.at, segment.length)
    return search.verdicts[at] == 2


cdef int step_globs(Search *search, const uint8_t *globs, uint32_t size, bint last) noexcept nogil:
    cdef bint every = size == 1 and globs[0] == b"*"
    cdef uint32_t i, child
    cdef int status
    free(search.verdicts)
    search.verdicts = <uint8_t *>calloc(search.core.segment_count + 1, 1)
    if search.verdicts == NULL:
        return NO_MEMORY
    for i in range(search.level.size):
        search.item_count = 0
        child = search.core.nodes[search.level.at[i]].first_child
        while child != NIL:
            if is_there(search, child, last) and (every or child_matches(search, globs, size, child)):
                status = add_item(search, child, 0 if last else b".")
                if status != OK:
                    return status
            if search.work > MOST_WORK:
                return BEYOND_WORK
            child = search.core.nodes[child].next
        status = keep_items(search, last)
        if status != OK:
            return status
    return OK


cdef int find_pattern(Search *search, const uint8_t *pattern, uint32_t size) noexcept nogil:
    """Level by level from the root; what the last level leaves is added to ``found``."""
    cdef uint32_t start = 0, end, i
    cdef bint last = memchr(pattern, b";", size) != NULL  # a tagged path: one literal below its own root
    cdef int status
    search.level.size = 0
    status = push(&search.level, TAGGED if last else ROOT)
    if last:
        search.next_level.size = 0
        status = step_one(search, pattern, size, True) if status == OK else status
        search.level, search.next_level = search.next_level, search.level
    while not last and status == OK and search.level.size:
        end = until(pattern, size, start, b".")
        last = end == size
        search.next_level.size = 0
        if not is_literal(pattern + start, end - start):
            status = step_globs(search, pattern + start, end - start, last)
        elif until(pattern, end, start, ALTERNATIVE) < end:
            status = step_literals(search, pattern + start, end - start, last)
        else:
            status = step_one(search, pattern + start, end - start, last)
        search.level, search.next_level = search.next_level, search.level
        start = end + 1
    for i in range(search.level.size):
        if status == OK:
            status = push(&search.found, search.level.at[i])
    return status


cdef uint32_t path_size(const Core *core, uint32_t node) noexcept nogil:
    cdef uint32_t size = core.segments[core.nodes[node].segment].length
    node = core.nodes[node].parent
    while node >= ROOTS:
        size += 1 + core.segments[core.nodes[node].segment].length
        node = core.nodes[node].parent
    return size


cdef int unite(Search *search) noexcept nogil:
    """What several patterns found: sorted by path, each node once."""
    cdef uint64_t total = 0
    cdef uint32_t i, size
    cdef uint8_t *out
    cdef void *wide
    for i in range(search.found.size):
        total += path_size(search.core, search.found.at[i])
    search.paths = <uint8_t *>malloc(total + 1)
    wide = widen(search.items, &search.item_room, search.found.size, sizeof(Item))
    if search.paths == NULL or wide == NULL:
        search.items = <Item *>wide if wide != NULL else search.items
        return NO_MEMORY
    search.items = <Item *>wide
    out = search.paths
    for i in range(search.found.size):
        size = <uint32_t>(write_path(search.core, search.found.at[i], out, False) - out)
        search.items[i] = item_of(out, size, 0, search.found.at[i])
        out += size
    search.item_count = search.found.size
    if sort_found(search, 0) != OK:
        return NO_MEMORY
    search.found.size = 0
    for i in range(search.item_count):
        if i == 0 or search.items[i].node != search.items[i - 1].node:
            search.found.at[search.found.size] = search.items[i].node
            search.found.size += 1
    return OK


cdef int find_query(Search *search, const uint8_t *query, uint32_t size) noexcept nogil:
    """All patterns of a query: PATTERN between them, dots between segments, ALTERNATIVE between a segment's alternatives."""
    cdef uint32_t start = 0, end
    cdef bint several = until(query, size, 0, PATTERN) < size
    cdef int status = OK
    while start <= size and status == OK:
        end = until(query, size, start, PATTERN)
        status = find_pattern(search, query + start, end - start)
        start = end + 1
    if status == OK and several:
        status = unite(search)
    return status


cdef int merge_by_name(Search *search) noexcept nogil:
    """One node for each distinct last segment, branches first, then leaves, both in order of that segment."""
    cdef const Core *core = search.core
    cdef uint32_t *chosen = <uint32_t *>calloc(core.segment_count + 1, sizeof(uint32_t))
    cdef uint32_t i, branches, names = 0, node, segment
    cdef int status = OK
    if chosen == NULL:
        return NO_MEMORY
    for i in range(search.found.size):
        node = search.found.at[i]
        segment = core.nodes[node].segment
        if chosen[segment] == 0:
            search.found.at[names] = node
            names += 1
            chosen[segment] = names
        elif is_branch(search, &core.nodes[node]):
            search.found.at[chosen[segment] - 1] = node
    free(chosen)
    search.found.size = names
    names = 0
    for branches in range(2):
        search.item_count = 0
        for i in range(search.found.size):
            if status == OK and is_branch(search, &core.nodes[search.found.at[i]]) == (branches == 0):
                status = add_item(search, search.found.at[i], 0)
        if status == OK:
            status = sort_found(search, 0)
        search.next_level.size = 0 if branches == 0 else search.next_level.size
        for i in range(search.item_count):
            if status == OK:
                status = push(&search.next_level, search.items[i].node)
    search.found, search.next_level = search.next_level, search.found
    return status


cdef void free_search(Search *search) noexcept nogil:
    free(search.level.at)
    free(search.next_level.at)
    free(search.found.at)
    free(search.items)
    free(search.spare)
    free(search.verdicts)
    free(search.paths)
