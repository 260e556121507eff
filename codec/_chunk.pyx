# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Chunks: the points of one path, compressed column by column. The bytes: docs/formats/chunk.md."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.math cimport NAN
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

include "bits.pxi"
include "rice.pxi"
include "column.pxi"
include "decimal.pxi"
include "mask.pxi"
include "cell.pxi"

cdef enum:
    WIDEST = 4320  # slots: half a day of 10 s points
    FARTHEST = 1 << 30  # a chunk's column in a grid, in slots: far from overflow
    ALL = 0x01  # flag: every slot has a point
    SINGLES = 0x02  # flag: every point is of one sample
    MULTIS = 0x04  # flag: no point is of one sample
    GROUP = 4  # float columns of points with more samples: min, max, last, sum

MAX_SLOTS = WIDEST

cdef dict REASONS = {
    CUT: "its bytes end too early",
    BAD_FLAGS: "its flags are unknown or contradict one another",
    BAD_MASK: "its mask does not fit its slots",
    BAD_PREDICTOR: "a column's predictor is unknown or has nothing to refer to",
    BAD_SCALE: "a column's scale is unknown",
    BAD_COUNT: "a point has a count below 1",
}


# Working memory of one call, for chunks of up to a given number of slots.
cdef struct Scratch:
    void *memory
    uint8_t *mask  # which slots have a point
    uint8_t *single  # which points are of one sample
    int64_t *counts  # of points with more
    Group group
    Workspace work
    Columns row  # decoded points that are to be merged


cdef bint allocate(Scratch *s, int slots) noexcept nogil:
    """False when memory is short. ``free(s.memory)`` gives all of it back."""
    cdef size_t words = slots
    cdef double *at = <double *>malloc((3 * GROUP + 10) * words * sizeof(double) + 2 * words)
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
    s.mask = <uint8_t *>(at + 10 * words)
    s.single = s.mask + slots
    return True


cdef inline Columns columns_at(Columns *grid, Py_ssize_t offset) noexcept nogil:
    cdef Columns row
    row.count = grid.count + offset
    row.sum = grid.sum + offset
    row.min = grid.min + offset
    row.max = grid.max + offset
    row.last = grid.last + offset
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
                s.group.values[i] = row.min[slot]
                s.group.values[n + i] = row.max[slot]
                s.group.values[2 * n + i] = row.last[slot]
                s.group.values[3 * n + i] = row.sum[slot]
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


# Bytes that grow as chunks are added.
cdef struct Output:
    uint8_t *bytes
    size_t used
    size_t room


cdef bint reserve(Output *output, size_t more) noexcept nogil:
    cdef uint8_t *moved_
    if output.room - output.used >= more:
        return True
    output.room += output.room // 2 + more
    moved_ = <uint8_t *>realloc(output.bytes, output.room)
    if moved_ == NULL:
        return False
    output.bytes = moved_
    return True


cdef bint encode_rows(
    Columns *grid, Py_ssize_t paths, int slots, Scratch *s, Output *output, int64_t *offsets
) noexcept nogil:
    """False when memory is short."""
    cdef Py_ssize_t path
    cdef size_t most = most_bytes(slots)
    cdef Columns row
    offsets[0] = 0
    for path in range(paths):
        if not reserve(output, most):
            return False
        row = columns_at(grid, path * slots)
        output.used = encode_chunk(&row, slots, s, output.bytes + output.used) - output.bytes
        offsets[path + 1] = output.used
    return True


def encode(
    const int64_t[:, ::1] count not None,
    const double[:, ::1] sum not None,
    const double[:, ::1] min not None,
    const double[:, ::1] max not None,
    const double[:, ::1] last not None,
    int64_t[::1] offsets not None,
):
    """Chunks of the grid's rows, back to back; fills ``offsets``, one more than there are rows."""
    cdef Py_ssize_t paths = count.shape[0]
    cdef int slots = check_slots(count.shape[1])
    cdef Scratch s
    cdef Output output
    cdef Columns grid
    cdef bint done = False
    check_shapes(
        (count.shape[0], count.shape[1]),
        [(sum.shape[0], sum.shape[1]), (min.shape[0], min.shape[1]), (max.shape[0], max.shape[1]), (last.shape[0], last.shape[1])],
    )
    if offsets.shape[0] != paths + 1:
        raise ValueError(f"got {offsets.shape[0]} offsets for {paths} rows; want one more than rows")
    grid.count, grid.sum = <int64_t *>&count[0, 0], <double *>&sum[0, 0]
    grid.min, grid.max, grid.last = <double *>&min[0, 0], <double *>&max[0, 0], <double *>&last[0, 0]
    output.bytes, output.used, output.room = NULL, 0, 0
    with nogil:
        if allocate(&s, slots):
            done = encode_rows(&grid, paths, slots, &s, &output, &offsets[0])
            free(s.memory)
    try:
        if not done:
            raise MemoryError(f"no memory to encode {paths} rows of {slots} slots")
        return PyBytes_FromStringAndSize(<char *>output.bytes, output.used)
    finally:
        free(output.bytes)


# -- decoding ------------------------------------------------------------------------------------------------------------

cdef int count_ones(const uint8_t *mask, int n) noexcept nogil:
    cdef int i, ones = 0
    for i in range(n):
        ones += mask[i]
    return ones


cdef void fill_all(Columns *out, const double *values, int slots) noexcept nogil:
    """Fast path: a single-sample point in every slot."""
    cdef size_t size = <size_t>slots * sizeof(double)
    cdef int slot
    for slot in range(slots):
        out.count[slot] = 1
    memcpy(out.sum, values, size)
    memcpy(out.min, values, size)
    memcpy(out.max, values, size)
    memcpy(out.last, values, size)


cdef void fill_singles(Columns *out, int slots, Scratch *s) noexcept nogil:
    cdef const double *value = s.group.values
    cdef int slot, point = 0
    for slot in range(slots):
        if s.mask[slot]:
            if s.single[point]:
                replace_cell(out, slot, 1, value[0], value[0], value[0], value[0])
                value += 1
            point += 1


cdef void fill_multis(Columns *out, int slots, int n, Scratch *s) noexcept nogil:
    cdef const double *v = s.group.values
    cdef int slot, point = 0, i = 0
    for slot in range(slots):
        if s.mask[slot]:
            if not s.single[point]:
                replace_cell(out, slot, s.counts[i], v[3 * n + i], v[i], v[n + i], v[2 * n + i])
                i += 1
            point += 1


cdef void clear(Columns *out, int slots) noexcept nogil:
    cdef int slot
    for slot in range(slots):
        replace_cell(out, slot, 0, NAN, NAN, NAN, NAN)


cdef Status decode_masks(Reader *reader, uint8_t flags, int slots, Scratch *s, int *points, int *singles) noexcept nogil:
    """Fills ``s.mask`` and ``s.single`` as the flags say, read from the bytes where they leave it open."""
    cdef Status status
    points[0] = slots
    memset(s.mask, 1, slots)
    if not flags & ALL:
        status = decode_mask(reader, s.mask, slots, s.work.residuals)
        if status:
            return status
        points[0] = count_ones(s.mask, slots)
        if points[0] == 0:
            return BAD_MASK
    if flags & SINGLES or flags & MULTIS:
        memset(s.single, 1 if flags & SINGLES else 0, points[0])
    else:
        status = decode_mask(reader, s.single, points[0], s.work.residuals)
        if status:
            return status
    singles[0] = count_ones(s.single, points[0])
    return OK


cdef Status decode_multis(Reader *reader, int n, Scratch *s) noexcept nogil:
    cdef int i
    cdef Status status = decode_column(reader, s.counts, n, NULL, s.work.residuals)
    if status:
        return status
    for i in range(n):
        if s.counts[i] < 1:
            return BAD_COUNT
    return decode_group(reader, &s.group, GROUP, n, s.work.residuals)


cdef Status decode_chunk(Reader *reader, int slots, Scratch *s, Columns *out) noexcept nogil:
    """Writes ``slots`` cells, absent ones included. Bytes behind the five columns are left to those who know them."""
    cdef uint8_t flags
    cdef int points, singles
    cdef Status status
    if get_byte(reader, &flags):
        return CUT
    if flags & ~(ALL | SINGLES | MULTIS) or flags & (SINGLES | MULTIS) == (SINGLES | MULTIS):
        return BAD_FLAGS
    if flags == (ALL | SINGLES):  # Fast path.
        status = decode_group(reader, &s.group, 1, slots, s.work.residuals)
        if status == OK:
            fill_all(out, s.group.values, slots)
        return status
    status = decode_masks(reader, flags, slots, s, &points, &singles)
    if status:
        return status
    clear(out, slots)
    if singles:
        status = decode_group(reader, &s.group, 1, singles, s.work.residuals)
        if status:
            return status
        fill_singles(out, slots, s)
    if singles < points:
        status = decode_multis(reader, points - singles, s)
        if status:
            return status
        fill_multis(out, slots, points - singles, s)
    return OK


cdef inline bint is_empty(Columns *row, int slots) noexcept nogil:
    cdef int64_t counts = 0
    cdef int slot
    for slot in range(slots):
        counts |= row.count[slot]
    return counts == 0


cdef void merge_row(Columns *into, Columns *row, int begin, int end, bint replace) noexcept nogil:
    """Slots ``begin`` to ``end`` of ``row`` into the cells from ``into``'s first on."""
    cdef int slot, at
    for slot in range(begin, end):
        if row.count[slot] == 0:
            continue
        at = slot - begin
        if replace:
            replace_cell(into, at, row.count[slot], row.sum[slot], row.min[slot], row.max[slot], row.last[slot])
        else:
            add_cell(into, at, row.count[slot], row.sum[slot], row.min[slot], row.max[slot], row.last[slot])


# Where decoded chunks go: chunk slot 0 is column `column` of rows `width` wide.
cdef struct Target:
    Columns grid
    Py_ssize_t width
    int64_t column
    int slots
    bint replace


cdef Status decode_into(Reader *reader, Target *target, Py_ssize_t path, Scratch *s) noexcept nogil:
    cdef int64_t begin = max(0, -target.column), end = min(target.slots, target.width - target.column)
    cdef Columns into
    cdef Status status
    if begin >= end:
        return OK
    into = columns_at(&target.grid, path * target.width + target.column + begin)
    if end - begin == target.slots and is_empty(&into, target.slots):  # Fast path: nothing to merge with.
        return decode_chunk(reader, target.slots, s, &into)
    status = decode_chunk(reader, target.slots, s, &s.row)
    if status == OK:
        merge_row(&into, &s.row, <int>begin, <int>end, target.replace)
    return status


cdef Py_ssize_t decode_all(
    const uint8_t *data, const int64_t[:, ::1] offsets, const int64_t[::1] rows, Target *target, Scratch *s, Status *status
) noexcept nogil:
    """The index of the first chunk that makes no sense, ``status`` saying why; or their number."""
    cdef Py_ssize_t i
    cdef Reader reader
    for i in range(rows.shape[0]):
        if offsets[i, 0] == offsets[i, 1]:
            continue
        reader.at, reader.end = data + offsets[i, 0], data + offsets[i, 1]
        status[0] = decode_into(&reader, target, rows[i], s)
        if status[0]:
            return i
    return rows.shape[0]


def decode(
    const uint8_t[::1] data not None,
    const int64_t[:, ::1] offsets not None,
    const int64_t[::1] rows not None,
    Py_ssize_t slots,
    int64_t[:, ::1] count not None,
    double[:, ::1] sum not None,
    double[:, ::1] min not None,
    double[:, ::1] max not None,
    double[:, ::1] last not None,
    int64_t column,
    bint replace,
):
    """Decode chunk i, ``data[offsets[i, 0]:offsets[i, 1]]``, and merge it into row ``rows[i]`` from ``column`` on."""
    cdef Target target
    cdef Scratch s
    cdef Status status = OK
    cdef Py_ssize_t n = rows.shape[0], bad = 0
    cdef bint allocated
    check_shapes(
        (count.shape[0], count.shape[1]),
        [(sum.shape[0], sum.shape[1]), (min.shape[0], min.shape[1]), (max.shape[0], max.shape[1]), (last.shape[0], last.shape[1])],
    )
    check_chunks(data.shape[0], offsets, rows, count.shape[0])
    target.slots = check_slots(slots)
    target.width, target.replace = count.shape[1], replace
    if not -FARTHEST <= column <= FARTHEST:
        raise ValueError(f"column {column} is out of reach; want at most {FARTHEST} slots before or after")
    if n == 0 or target.width == 0:
        return
    target.column = column
    target.grid.count, target.grid.sum = &count[0, 0], &sum[0, 0]
    target.grid.min, target.grid.max, target.grid.last = &min[0, 0], &max[0, 0], &last[0, 0]
    with nogil:
        allocated = allocate(&s, target.slots)
        if allocated:
            bad = decode_all(&data[0], offsets, rows, &target, &s, &status)
            free(s.memory)
    if not allocated:
        raise MemoryError(f"no memory to decode chunks of {slots} slots")
    if bad < n:
        raise ValueError(f"chunk {bad}: {REASONS[status]}")


# -- checks --------------------------------------------------------------------------------------------------------------

cdef int check_shapes(tuple shape, list others) except -1:
    for other in others:
        if other != shape:
            raise ValueError(f"the columns of a grid differ in shape: count {shape}, another {other}")
    return 0


cdef int check_slots(Py_ssize_t slots) except -1:
    if not 1 <= slots <= WIDEST:
        raise ValueError(f"got a chunk of {slots} slots; want 1 to {WIDEST}")
    return <int>slots


cdef int check_chunks(
    Py_ssize_t size, const int64_t[:, ::1] offsets, const int64_t[::1] rows, Py_ssize_t paths
) except -1:
    cdef Py_ssize_t i, n = rows.shape[0]
    if offsets.shape[0] != n or offsets.shape[1] != 2:
        raise ValueError(f"got offsets of shape ({offsets.shape[0]}, {offsets.shape[1]}) for {n} rows; want ({n}, 2)")
    for i in range(n):
        if not 0 <= offsets[i, 0] <= offsets[i, 1] <= size:
            raise ValueError(f"chunk {i} is at {offsets[i, 0]}..{offsets[i, 1]} of {size} bytes")
        if not 0 <= rows[i] < paths:
            raise ValueError(f"chunk {i} goes to row {rows[i]} of {paths}")
    return 0
