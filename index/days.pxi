# Days: when ids were seen. A node knows its own and the range of all below it, so that a branch is left out unread.

cdef inline Days days(uint32_t first, uint32_t last) noexcept nogil:
    cdef Days made
    made.first = <uint16_t>min(first, <uint32_t>LAST_DAY)
    made.last = <uint16_t>min(last, <uint32_t>LAST_DAY)
    return made


cdef inline Days never() noexcept nogil:
    return days(LAST_DAY, 0)


cdef inline bint overlap(Days one, Days other) noexcept nogil:
    return one.first <= other.last and other.first <= one.last


cdef inline bint widen_days(Days *range, Days more) noexcept nogil:
    """Let ``range`` hold ``more``. False if it did."""
    if range.first <= more.first and more.last <= range.last:
        return False
    range.first = min(range.first, more.first)
    range.last = max(range.last, more.last)
    return True


cdef void add_days(Core *core, uint32_t node, Days seen) noexcept nogil:
    """The id of ``node`` was seen. What is above holds at least as much as what is below, so the first that holds it ends
    the way up."""
    widen_days(&core.nodes[node].seen, seen)
    node = core.nodes[node].parent
    while node != NIL and widen_days(&core.nodes[node].below, seen):
        node = core.nodes[node].parent
