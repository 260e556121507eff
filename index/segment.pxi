# Segments: each text of a path's part once, however many nodes have it. Also the names of policies.

cdef uint32_t find_segment(const Core *core, const uint8_t *text, uint32_t length) noexcept nogil:
    cdef uint64_t slot = hash_text(text, length) & core.words.mask
    cdef uint32_t found = core.words.slots[slot]
    while found != NIL:
        if core.segments[found].length == length and memcmp(core.text + core.segments[found].at, text, length) == 0:
            return found
        slot = (slot + 1) & core.words.mask
        found = core.words.slots[slot]
    return NIL


cdef bint is_plain(const uint8_t *text, uint32_t length) noexcept nogil:
    cdef uint32_t i
    for i in range(length):
        if text[i] < 0x20 or text[i] == 0x22 or text[i] == 0x5C:
            return False
    return True


cdef uint32_t new_segment(Core *core, uint32_t length) noexcept nogil:
    """A segment without text, one freed before if its length fits; NIL without memory."""
    cdef uint32_t segment = core.freed_segments[length]
    cdef void *wide
    if segment != NIL:
        core.freed_segments[length] = core.segments[segment].uses
        return segment
    wide = widen(core.segments, &core.segment_room, <uint64_t>core.segment_count + 1, sizeof(Segment))
    if wide == NULL:
        return NIL
    core.segments = <Segment *>wide
    wide = widen(core.text, &core.text_room, <uint64_t>core.text_size + length, 1)
    if wide == NULL:
        return NIL
    core.text = <uint8_t *>wide
    segment = core.segment_count
    core.segment_count += 1
    core.segments[segment].at = core.text_size
    core.segments[segment].length = <uint16_t>length
    core.text_size += length
    return segment


cdef uint32_t intern(Core *core, const uint8_t *text, uint32_t length) noexcept nogil:
    """The segment with this text, made (without uses) if need be; NIL without memory."""
    cdef uint32_t segment = find_segment(core, text, length)
    if segment != NIL:
        return segment
    if table_reserve(core, &core.words, 1) != OK:
        return NIL
    segment = new_segment(core, length)
    if segment == NIL:
        return NIL
    memcpy(core.text + core.segments[segment].at, text, length)
    core.segments[segment].plain = is_plain(text, length)
    core.segments[segment].uses = 0
    table_add(core, &core.words, segment)
    return segment


cdef void release_segment(Core *core, uint32_t segment) noexcept nogil:
    cdef Segment *freed = &core.segments[segment]
    freed.uses -= 1
    if freed.uses == 0:
        table_remove(core, &core.words, segment)
        freed.uses = core.freed_segments[freed.length]
        core.freed_segments[freed.length] = segment
