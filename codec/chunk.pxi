# One chunk: a row of points, told apart into single ones and others, as bytes and back.

cdef enum:
    ALL = 0x01  # flag: every slot has a point
    SINGLES = 0x02  # flag: every point is of one sample
    MULTIS = 0x04  # flag: no point is of one sample


# Working memory of one call, for chunks of up to a given number of slots.
cdef struct Scratch:
    void *memory
    uint8_t *mask  # which slots have a point
    uint8_t *single  # which points are of one sample
    int *single_slots  # where the points of one sample are
    int *multi_slots  # where the others are
    int64_t *counts  # of points with more
    Group group
    Workspace work
    Columns row  # decoded points that are to be merged


cdef bint allocate(Scratch *s, int slots) noexcept nogil:
    """False when memory is short. ``free(s.memory)`` gives all of it back."""
    cdef size_t words = slots
    cdef double *at = <double *>calloc((3 * GROUP + 11) * words + (words + 3) // 4, sizeof(double))
    s.memory = at
    if at == NULL:
        return False
    s.group.values = at
    s.group.x = <int64_t *>(at + GROUP * words)
    s.group.ulps = <int64_t *>(at + 2 * GROUP * words)
    at += 3 * GROUP * words
    s.group.counts = s.counts = <int64_t *>at
    s.group.reference = <int64_t *>(at + words)
    s.work.residuals = <uint64_t *>(at + 2 * words)
    s.work.shifted = <int64_t *>(at + 3 * words)
    s.work.floats = at + 4 * words
    s.row.count = <int64_t *>(at + 5 * words)
    s.row.sum = at + 6 * words
    s.row.min = at + 7 * words
    s.row.max = at + 8 * words
    s.row.last = at + 9 * words
    s.single_slots = <int *>(at + 10 * words)
    s.multi_slots = s.single_slots + slots
    s.mask = <uint8_t *>(at + 11 * words)
    s.single = s.mask + slots
    return True


cdef inline Columns columns_at(Columns *grid, Py_ssize_t offset) noexcept nogil:
    cdef Columns row
    row.count = grid.count + offset
    row.sum = NULL if grid.sum == NULL else grid.sum + offset
    row.min = NULL if grid.min == NULL else grid.min + offset
    row.max = NULL if grid.max == NULL else grid.max + offset
    row.last = NULL if grid.last == NULL else grid.last + offset
    return row


# -- encoding ------------------------------------------------------------------------------------------------------------

cdef inline size_t most_bytes(int slots) noexcept nogil:
    """Two masks, then for each point a count and four floats with their corrections; 8 for the bit writer's last store."""
    cdef size_t masks = 2 * (MAX_RICE_BYTES * <size_t>slots + 18)
    cdef size_t columns = (1 + 2 * (GROUP + 1)) * MAX_COLUMN_BYTES
    return masks + columns + (1 + 2 * GROUP) * MAX_RICE_BYTES * <size_t>slots + 16


cdef inline bint is_single(Columns *row, int slot) noexcept nogil:
    """One sample, so that one value says all. Bits are compared: -0.0 and 0.0 are different values."""
    cdef Bits sum_, min_, max_, last
    sum_.f, min_.f, max_.f, last.f = row.sum[slot], row.min[slot], row.max[slot], row.last[slot]
    return row.count[slot] == 1 and not ((sum_.u ^ min_.u) | (sum_.u ^ max_.u) | (sum_.u ^ last.u))


cdef int classify(Columns *row, int slots, Scratch *s, int *singles) noexcept nogil:
    """Fills ``s.mask`` (by slot) and ``s.single`` (by point); returns the number of points."""
    cdef int slot, points = 0
    singles[0] = 0
    for slot in range(slots):
        s.mask[slot] = row.count[slot] > 0
        if s.mask[slot]:
            s.single[points] = is_single(row, slot)
            singles[0] += s.single[points]
            points += 1
    return points


cdef uint8_t *encode_singles(Columns *row, int slots, int n, Scratch *s, uint8_t *out) noexcept nogil:
    cdef int slot, point = 0, i = 0
    if n == slots:
        memcpy(s.group.values, row.sum, <size_t>slots * sizeof(double))
        return encode_group(&s.group, 1, n, out, &s.work)
    for slot in range(slots):
        if s.mask[slot]:
            if s.single[point]:
                s.group.values[i] = row.sum[slot]
                i += 1
            point += 1
    return encode_group(&s.group, 1, n, out, &s.work)


cdef uint8_t *encode_multis(Columns *row, int slots, int n, Scratch *s, uint8_t *out) noexcept nogil:
    cdef int slot, point = 0, i = 0
    for slot in range(slots):
        if s.mask[slot]:
            if not s.single[point]:
                s.counts[i] = row.count[slot]
                s.group.values[i] = row.sum[slot]
                s.group.values[n + i] = row.min[slot]
                s.group.values[2 * n + i] = row.max[slot]
                s.group.values[3 * n + i] = row.last[slot]
                i += 1
            point += 1
    out = encode_column(s.counts, n, NULL, out, &s.work)
    return encode_group(&s.group, GROUP, n, out, &s.work)


cdef uint8_t *encode_chunk(Columns *row, int slots, Scratch *s, uint8_t *out) noexcept nogil:
    """At most ``most_bytes(slots)``; nothing for a row without points. Returns the end."""
    cdef int singles, points = classify(row, slots, s, &singles)
    if points == 0:
        return out
    out[0] = (ALL if points == slots else 0) | (SINGLES if singles == points else 0) | (MULTIS if singles == 0 else 0)
    out += 1
    if points < slots:
        out = encode_mask(s.mask, slots, out, s.work.residuals)
    if 0 < singles < points:
        out = encode_mask(s.single, points, out, s.work.residuals)
    if singles:
        out = encode_singles(row, slots, singles, s, out)
    if singles < points:
        out = encode_multis(row, slots, points - singles, s, out)
    return out


# -- decoding ------------------------------------------------------------------------------------------------------------

cdef inline void list_floats(Columns *columns, double **floats) noexcept nogil:
    """In the order of a group."""
    floats[0], floats[1], floats[2], floats[3] = columns.sum, columns.min, columns.max, columns.last


cdef int slots_of(const uint8_t *mask, int slots, int *found) noexcept nogil:
    """Where ``mask`` is set; returns how often."""
    cdef int slot, n = 0
    for slot in range(slots):
        found[n] = slot
        n += mask[slot]
    return n


cdef int split(Scratch *s, int points) noexcept nogil:
    """Parts ``s.single_slots``, those of all points, by ``s.single``; returns how many points are single."""
    cdef int point, singles = 0, multis = 0
    for point in range(points):
        s.multi_slots[multis] = s.single_slots[singles] = s.single_slots[point]
        singles += s.single[point]
        multis += not s.single[point]
    return singles


cdef void clear(Columns *out, int slots) noexcept nogil:
    cdef double *floats[GROUP]
    cdef int column, slot
    list_floats(out, floats)
    memset(out.count, 0, slots * sizeof(int64_t))
    for column in range(GROUP):
        if floats[column] != NULL:
            for slot in range(slots):
                floats[column][slot] = NAN


cdef Status decode_points(Reader *reader, uint8_t flags, int slots, Scratch *s, int *points, int *singles) noexcept nogil:
    """Fills ``s.single_slots`` and ``s.multi_slots`` as the flags say, read from the bytes where they leave it open."""
    cdef Status status
    memset(s.mask, 1, slots)
    if not flags & ALL:
        status = decode_mask(reader, s.mask, slots, s.work.residuals)
        if status:
            return status
    points[0] = slots_of(s.mask, slots, s.single_slots)
    if points[0] == 0:
        return BAD_MASK
    memset(s.single, 1 if flags & SINGLES else 0, points[0])
    if not flags & (SINGLES | MULTIS):
        status = decode_mask(reader, s.single, points[0], s.work.residuals)
        if status:
            return status
    singles[0] = split(s, points[0])
    return OK


cdef Status decode_full_singles(Reader *reader, int slots, Scratch *s, Columns *out) noexcept nogil:
    """A point of one sample in every slot."""
    cdef double *floats[GROUP]
    cdef int column, slot
    cdef Status status = decode_single_column(reader, &s.group, slots, s.group.values, s.work.residuals)
    list_floats(out, floats)
    for slot in range(slots):
        out.count[slot] = 1
    for column in range(GROUP):
        if floats[column] != NULL:
            memcpy(floats[column], s.group.values, slots * sizeof(double))
    return status


cdef Status decode_multis(Reader *reader, int n, int64_t *counts, double **floats, Scratch *s) noexcept nogil:
    cdef int i
    cdef Status status = decode_column(reader, counts, n, NULL, s.work.residuals)
    if status:
        return status
    for i in range(n):
        if counts[i] < 1:
            return BAD_COUNT
    s.group.counts = counts
    return decode_group(reader, &s.group, n, floats, s.work.residuals)


cdef void place_singles(Scratch *s, int n, Columns *out) noexcept nogil:
    cdef double *floats[GROUP]
    cdef int column, i
    list_floats(out, floats)
    for i in range(n):
        out.count[s.single_slots[i]] = 1
    for column in range(GROUP):
        if floats[column] != NULL:
            for i in range(n):
                floats[column][s.single_slots[i]] = s.group.values[i]


cdef void place_multis(Scratch *s, int n, Columns *out) noexcept nogil:
    cdef double *floats[GROUP]
    cdef int column, i
    list_floats(out, floats)
    for i in range(n):
        out.count[s.multi_slots[i]] = s.counts[i]
    for column in range(GROUP):
        if floats[column] != NULL:
            for i in range(n):
                floats[column][s.multi_slots[i]] = s.group.values[column * n + i]


cdef Status decode_scattered_multis(Reader *reader, int n, Scratch *s, Columns *out) noexcept nogil:
    cdef double *wanted[GROUP]
    cdef double *values[GROUP]
    cdef int column
    cdef Status status
    list_floats(out, wanted)
    for column in range(GROUP):
        values[column] = NULL if wanted[column] == NULL else s.group.values + column * n
    status = decode_multis(reader, n, s.counts, values, s)
    if status == OK:
        place_multis(s, n, out)
    return status


cdef Status decode_scattered(Reader *reader, uint8_t flags, int slots, Scratch *s, Columns *out) noexcept nogil:
    cdef int points = 0, singles = 0
    cdef Status status = decode_points(reader, flags, slots, s, &points, &singles)
    if status:
        return status
    clear(out, slots)
    if singles:
        status = decode_single_column(reader, &s.group, singles, s.group.values, s.work.residuals)
        if status:
            return status
        place_singles(s, singles, out)
    return decode_scattered_multis(reader, points - singles, s, out) if singles < points else OK


cdef Status decode_chunk(Reader *reader, int slots, Scratch *s, Columns *out) noexcept nogil:
    """Writes ``slots`` cells of the columns that are not NULL, absent points included; after an error they hold anything.

    Bytes behind the five columns are left to those who know them.
    """
    cdef double *floats[GROUP]
    cdef uint8_t flags
    if get_byte(reader, &flags):
        return CUT
    if flags & ~(ALL | SINGLES | MULTIS) or flags & (SINGLES | MULTIS) == (SINGLES | MULTIS):
        return BAD_FLAGS
    if flags == (ALL | SINGLES):  # Fast path.
        return decode_full_singles(reader, slots, s, out)
    if flags == (ALL | MULTIS):  # Fast path: in place.
        list_floats(out, floats)
        return decode_multis(reader, slots, out.count, floats, s)
    return decode_scattered(reader, flags, slots, s, out)
