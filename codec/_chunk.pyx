# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Chunks: the points of one path, compressed column by column. The bytes: docs/formats/chunk.md."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.math cimport NAN
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memmove, memset

include "bits.pxi"
include "rice.pxi"
include "column.pxi"
include "decimal.pxi"
include "mask.pxi"
include "cell.pxi"
include "chunk.pxi"

cdef enum:
    WIDEST = 4320  # slots: half a day of 10 s points
    FARTHEST = 1 << 30  # a chunk's column in a grid, in slots: far from overflow

MAX_SLOTS = WIDEST

cdef dict REASONS = {
    CUT: "its bytes end too early",
    BAD_FLAGS: "its flags are unknown or contradict one another",
    BAD_MASK: "its mask does not fit its slots",
    BAD_PREDICTOR: "a column's predictor is unknown or has nothing to refer to",
    BAD_SCALE: "a column's scale is unknown",
    BAD_COUNT: "a point has a count below 1",
    BAD_LENGTH: "a column is not as long as it says",
}


# -- encoding ------------------------------------------------------------------------------------------------------------

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
            replace_cell(into, at, row, slot)
        else:
            add_cell(into, at, row, slot)


# Where decoded chunks go: slot 0 of the one at hand is column `column` of rows `width` wide.
cdef struct Target:
    Columns grid
    Py_ssize_t width
    int64_t column
    int slots
    bint replace


cdef inline Columns only_wanted(Columns *row, Columns *into) noexcept nogil:
    """``row`` without the columns that ``into`` does not have."""
    cdef Columns wanted
    wanted.count = row.count
    wanted.sum = NULL if into.sum == NULL else row.sum
    wanted.min = NULL if into.min == NULL else row.min
    wanted.max = NULL if into.max == NULL else row.max
    wanted.last = NULL if into.last == NULL else row.last
    return wanted


cdef Status decode_into(Reader *reader, Target *target, Py_ssize_t path, Scratch *s) noexcept nogil:
    cdef int64_t begin = max(0, -target.column), end = min(target.slots, target.width - target.column)
    cdef Columns into, row
    cdef Status status
    if begin >= end:
        return OK
    into = columns_at(&target.grid, path * target.width + target.column + begin)
    if end - begin == target.slots and is_empty(&into, target.slots):  # Fast path: nothing to merge with.
        status = decode_chunk(reader, target.slots, s, &into)
        if status:
            clear(&into, target.slots)
        return status
    row = only_wanted(&s.row, &into)
    status = decode_chunk(reader, target.slots, s, &row)
    if status == OK:
        merge_row(&into, &s.row, <int>begin, <int>end, target.replace)
    return status


cdef Py_ssize_t decode_all(
    const uint8_t[::1] data,
    const int64_t[:, ::1] offsets,
    const int64_t[::1] rows,
    const int64_t[::1] columns,
    Target *target,
    Scratch *s,
    Status *status,
) noexcept nogil:
    """The index of the first chunk that makes no sense, ``status`` saying why; or their number."""
    cdef Py_ssize_t i
    cdef Reader reader
    reader.limit = &data[0] + data.shape[0]
    for i in range(rows.shape[0]):
        if offsets[i, 0] == offsets[i, 1]:
            continue
        reader.at, reader.end = &data[0] + offsets[i, 0], &data[0] + offsets[i, 1]
        target.column = columns[i]
        status[0] = decode_into(&reader, target, rows[i], s)
        if status[0]:
            return i
    return rows.shape[0]


cdef double *column_of(double[:, ::1] values):
    """NULL for a column of width 0, which the grid does not have."""
    return &values[0, 0] if values.shape[1] else NULL


def decode(
    const uint8_t[::1] data not None,
    const int64_t[:, ::1] offsets not None,
    const int64_t[::1] rows not None,
    const int64_t[::1] columns not None,
    Py_ssize_t slots,
    int64_t[:, ::1] count not None,
    double[:, ::1] sum not None,
    double[:, ::1] min not None,
    double[:, ::1] max not None,
    double[:, ::1] last not None,
    bint replace,
):
    """Decode chunk i, ``data[offsets[i, 0]:offsets[i, 1]]``, and merge it into row ``rows[i]`` from ``columns[i]`` on."""
    cdef Target target
    cdef Scratch s
    cdef Status status = OK
    cdef Py_ssize_t n = rows.shape[0], bad = 0
    cdef bint allocated
    check_columns(
        (count.shape[0], count.shape[1]),
        [(sum.shape[0], sum.shape[1]), (min.shape[0], min.shape[1]), (max.shape[0], max.shape[1]), (last.shape[0], last.shape[1])],
    )
    check_chunks(data.shape[0], offsets, rows, columns, count.shape[0])
    target.slots = check_slots(slots)
    target.width, target.replace = count.shape[1], replace
    if n == 0 or target.width == 0:
        return
    target.grid.count, target.grid.sum = &count[0, 0], column_of(sum)
    target.grid.min, target.grid.max, target.grid.last = column_of(min), column_of(max), column_of(last)
    with nogil:
        allocated = allocate(&s, target.slots)
        if allocated:
            bad = decode_all(data, offsets, rows, columns, &target, &s, &status)
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


cdef int check_columns(tuple shape, list others) except -1:
    """As ``check_shapes``, but a column may be missing: its width is 0."""
    return check_shapes(shape, [other for other in others if other != (shape[0], 0)])


cdef int check_slots(Py_ssize_t slots) except -1:
    if not 1 <= slots <= WIDEST:
        raise ValueError(f"got a chunk of {slots} slots; want 1 to {WIDEST}")
    return <int>slots


cdef int check_chunks(
    Py_ssize_t size, const int64_t[:, ::1] offsets, const int64_t[::1] rows, const int64_t[::1] columns, Py_ssize_t paths
) except -1:
    cdef Py_ssize_t i, n = rows.shape[0]
    if offsets.shape[0] != n or offsets.shape[1] != 2:
        raise ValueError(f"got offsets of shape ({offsets.shape[0]}, {offsets.shape[1]}) for {n} rows; want ({n}, 2)")
    if columns.shape[0] != n:
        raise ValueError(f"got {columns.shape[0]} columns for {n} rows")
    for i in range(n):
        if not 0 <= offsets[i, 0] <= offsets[i, 1] <= size:
            raise ValueError(f"chunk {i} is at {offsets[i, 0]}..{offsets[i, 1]} of {size} bytes")
        if not 0 <= rows[i] < paths:
            raise ValueError(f"chunk {i} goes to row {rows[i]} of {paths}")
        if not -FARTHEST <= columns[i] <= FARTHEST:
            raise ValueError(f"column {columns[i]} is out of reach; want at most {FARTHEST} slots before or after")
    return 0
