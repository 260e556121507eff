# All state of a trie: flat arrays that grow, and what finds something in them.

cdef extern from *:
    """
    #define NIL 0xFFFFFFFFu
    """
    const uint32_t NIL  # no node, no segment, no id

cdef enum:
    ROOT = 0
    TAGGED = 1  # the root of tagged paths
    ROOTS = 2
    MOST_POLICIES = 1024
    PAGE_BITS = 12
    LAST_DAY = 0xFFFF

cdef enum:  # what went wrong
    OK = 0
    NO_MEMORY = -1
    INVALID = -2
    BEYOND_LIMIT = -3
    BEYOND_WORK = -4

cdef struct Days:  # from the first to the last, days since 1970-01-01 UTC; none at all: the first is LAST_DAY, the last 0
    uint16_t first
    uint16_t last

cdef struct Node:
    uint32_t parent
    uint32_t segment
    uint32_t first_child
    uint32_t next  # sibling; of a freed node the next freed one
    uint32_t previous
    uint32_t id  # NIL: a branch only
    uint32_t policy
    Days seen  # of its id
    Days below  # holds those of every id below it, and after a deletion may hold more

cdef struct Segment:
    uint32_t at
    uint16_t length
    uint16_t plain  # nothing in it needs a JSON escape
    uint32_t uses  # by nodes and policies; of a freed segment the next freed one of its length

cdef struct Table:  # open addressing, linear probing
    uint32_t *slots
    uint64_t mask
    uint64_t used
    bint of_nodes  # by (parent, segment); otherwise of segments by text

cdef struct Page:  # of the directory id -> node
    uint32_t *nodes
    uint32_t used

cdef struct Watch:  # of ids whose tagged path came, went or changed
    uint32_t *ids
    uint32_t count
    uint32_t room
    bint on
    bint overflown  # not all of them are there

cdef struct Core:
    Node *nodes
    uint32_t node_count
    uint32_t node_room
    uint32_t freed_node
    Table children
    Segment *segments
    uint32_t segment_count
    uint32_t segment_room
    Table words
    uint8_t *text
    uint32_t text_size
    uint32_t text_room
    uint32_t[LONGEST_PATH + 1] freed_segments
    Page *pages
    uint32_t page_room
    uint32_t[MOST_POLICIES] policies
    uint32_t policy_count
    uint64_t leaves
    uint64_t tagged
    Watch watch


cdef int init_core(Core *core) noexcept nogil:
    cdef void *wide
    memset(core, 0, sizeof(Core))
    memset(core.freed_segments, 0xFF, sizeof(core.freed_segments))
    core.freed_node = NIL
    core.children.of_nodes = True
    wide = widen(NULL, &core.node_room, ROOTS, sizeof(Node))
    if wide == NULL:
        return NO_MEMORY
    core.nodes = <Node *>wide
    set_blank(core.nodes, ROOTS)
    core.node_count = ROOTS
    if table_reserve(core, &core.children, 1) != OK:
        return NO_MEMORY
    return table_reserve(core, &core.words, 1)


cdef void set_blank(Node *nodes, uint64_t count) noexcept nogil:
    """Nodes that hang nowhere, without children, id and days."""
    cdef uint64_t i
    memset(nodes, 0xFF, count * sizeof(Node))
    for i in range(count):
        nodes[i].seen = nodes[i].below = never()


cdef void free_core(Core *core) noexcept nogil:
    cdef uint32_t i
    for i in range(core.page_room):
        free(core.pages[i].nodes)
    free(core.pages)
    free(core.nodes)
    free(core.segments)
    free(core.text)
    free(core.children.slots)
    free(core.words.slots)
    free(core.watch.ids)


cdef uint64_t memory_of(const Core *core) noexcept nogil:
    """Bytes in use, room to grow left out."""
    cdef uint64_t used = <uint64_t>core.node_count * sizeof(Node) + <uint64_t>core.segment_count * sizeof(Segment)
    cdef uint32_t i
    used += core.text_size + (core.children.mask + core.words.mask + 2) * sizeof(uint32_t)
    for i in range(core.page_room):
        used += sizeof(Page) + (sizeof(uint32_t) << PAGE_BITS if core.pages[i].nodes != NULL else 0)
    return used


cdef void *widen(void *array, uint32_t *room, uint64_t need, size_t item) noexcept nogil:
    """The array with room for ``need`` items, or NULL; then the old one stands."""
    cdef uint64_t wider = max(need, room[0] + <uint64_t>room[0] // 2, <uint64_t>1024)
    cdef void *wide
    if need <= room[0] and array != NULL:
        return array
    if need >= NIL:
        return NULL
    wider = min(wider, <uint64_t>NIL)
    wide = realloc(array, wider * item)
    if wide != NULL:
        room[0] = <uint32_t>wider
    return wide
