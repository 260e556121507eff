# Frames of the names log applied to the trie.

cdef enum:
    SLICE = 1000  # names applied before waiting queries get their turn: under a millisecond

cdef bint lies_within(const Frame *frame, const uint8_t *data, uint64_t size) noexcept nogil:
    """True if no column of the frame reaches beyond ``size`` bytes."""
    cdef uint64_t total = 0
    cdef uint32_t i
    if frame.ids > size or 4 * <uint64_t>frame.count > size - frame.ids:
        return False
    if frame.kind != ADD and frame.kind != RENAME:
        return True
    if frame.lengths > size or 2 * <uint64_t>frame.count > size - frame.lengths:
        return False
    if frame.policy > size or frame.policy_size > size - frame.policy or frame.policy_size > LONGEST_PATH:
        return False
    for i in range(frame.count):
        total += u16(data + frame.lengths + 2 * i)
    return frame.paths <= size and total <= size - frame.paths


cdef int policy_index(Core *core, const uint8_t *name, uint32_t size) noexcept nogil:
    """The policy's place in order of first appearance, or what went wrong."""
    cdef uint32_t segment, i
    if size == 0:
        return INVALID
    segment = intern(core, name, size)
    if segment == NIL:
        return NO_MEMORY
    for i in range(core.policy_count):
        if core.policies[i] == segment:
            return <int>i
    if core.policy_count == MOST_POLICIES:
        return INVALID
    core.policies[core.policy_count] = segment
    core.segments[segment].uses += 1
    core.policy_count += 1
    return <int>core.policy_count - 1


cdef int apply_slice(Core *core, const uint8_t *data, const Frame *frame, uint32_t first, uint64_t *path) noexcept nogil:
    """Names ``first`` to ``first + SLICE`` of a frame; ``path`` is where the first one's path lies, then the next one's."""
    cdef uint32_t i, id, length, before
    cdef Days day = days(frame.day, frame.day)
    cdef int policy = 0, status = OK
    if frame.kind == ADD:
        policy = policy_index(core, data + frame.policy, frame.policy_size)
        if policy < 0:
            return policy
    for i in range(first, min(frame.count, first + <uint32_t>SLICE)):
        id = u32(data + frame.ids + 4 * i)
        before = node_of(core, id)
        if frame.kind == SEEN and before != NIL:
            add_days(core, before, day)
        if frame.kind == TOMBSTONE:
            remove_id(core, id)
        if frame.kind == SEEN or frame.kind == TOMBSTONE:
            continue
        length = u16(data + frame.lengths + 2 * i)
        if frame.kind == ADD:
            status = put_path(core, data + path[0], length, id, <uint32_t>policy, day)
        elif before != NIL:
            status = put_path(core, data + path[0], length, id, core.nodes[before].policy, never())
        if status != OK:
            return status
        path[0] += length
    return OK
