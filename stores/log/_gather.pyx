# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Cells of a log segment merged into a grid. The bytes: docs/formats/log.md."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef enum:
    DENSE = 2
    SPARSE = 3

# The fields of a record's descriptor.
cdef enum:
    KIND = 0
    COLUMN = 1
    OFFSET = 2
    CELLS = 3
    MULTIS = 4
    FIELDS = 5

# Slots that are taken through all records before the next ones: their rows of the grid stay in the cache.
cdef enum:
    TILE = 128

cdef uint64_t ABSENT = 0x7FF8000000000000U
cdef uint64_t MULTI = 0xFFFC000000000000U
cdef uint64_t TAG = 0xFFFFFFFF00000000U
cdef uint64_t INFINITE = 0x7FF0000000000000U
cdef int64_t MOST_SAMPLES = 1 << 53  # of a point: sums of counts stay far from overflow


# The columns of floats that a grid does not have are NULL.
cdef struct Points:
    int64_t *count
    double *sum
    double *min
    double *max
    double *last


cdef struct Row:
    const uint32_t *slots  # NULL: the cell of slot s is cells[s]
    const uint64_t *cells
    int64_t n
    Points multi
    int64_t multis


cdef Row row_at(const uint8_t *payload, const int64_t *record) noexcept nogil:
    cdef Row row
    cdef int64_t n = record[CELLS], m = record[MULTIS]
    row.n = n
    row.multis = m
    row.slots = NULL
    if record[KIND] == SPARSE:
        row.slots = <const uint32_t *>payload
        payload += (n + 1) // 2 * 8
    row.cells = <const uint64_t *>payload
    payload += n * 8
    row.multi.count = <int64_t *>payload
    row.multi.sum = <double *>(payload + m * 8)
    row.multi.min = <double *>(payload + m * 16)
    row.multi.max = <double *>(payload + m * 24)
    row.multi.last = <double *>(payload + m * 32)
    return row


cdef inline bint merge(Points *grid, int64_t at, uint64_t cell, const Row *row, bint replace) noexcept nogil:
    """One cell into place ``at`` of the grid, as later than what is there. False for a cell that makes no sense."""
    cdef int64_t count = 1, k
    cdef double total, low, high, last
    if cell == ABSENT:
        return True
    if cell & TAG == MULTI:
        k = <int64_t>(cell & 0xFFFFFFFFU)
        if k >= row.multis:
            return False
        count = row.multi.count[k]
        if not 0 < count <= MOST_SAMPLES:
            return False
        total = row.multi.sum[k]
        low = row.multi.min[k]
        high = row.multi.max[k]
        last = row.multi.last[k]
    elif cell & INFINITE == INFINITE:
        return False
    else:
        memcpy(&total, &cell, 8)
        low = high = last = total
    if replace:
        grid.count[at] = 0
    if grid.sum != NULL:
        grid.sum[at] = total if grid.count[at] == 0 else grid.sum[at] + total
    if grid.min != NULL and (grid.count[at] == 0 or low < grid.min[at]):
        grid.min[at] = low
    if grid.max != NULL and (grid.count[at] == 0 or high > grid.max[at]):
        grid.max[at] = high
    if grid.last != NULL:
        grid.last[at] = last
    grid.count[at] += count
    return True


cdef inline int64_t lesser(int64_t one, int64_t other) noexcept nogil:
    return one if one < other else other


cdef inline int64_t lower_bound_64(const int64_t *sorted_, int64_t low, int64_t high, int64_t wanted) noexcept nogil:
    cdef int64_t middle
    while low < high:
        middle = (low + high) >> 1
        if sorted_[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline int64_t lower_bound_32(const uint32_t *sorted_, int64_t low, int64_t high, int64_t wanted) noexcept nogil:
    cdef int64_t middle
    while low < high:
        middle = (low + high) >> 1
        if sorted_[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


cdef bint merge_row(Points *grid, int64_t width, int64_t column, const Row *row,
                    const int64_t *slots, const int64_t *rows, int64_t asked, bint replace) noexcept nogil:
    """A row's cells of the asked slots, which ascend. Of a sparse row, whose slots ascend too, the shorter side is walked and
    the longer one searched: a late point of one path must not cost a look at each of 100,000."""
    cdef int64_t i = 0, j
    if row.slots == NULL:
        for i in range(asked):
            if slots[i] >= row.n:
                break
            if not merge(grid, rows[i] * width + column, row.cells[slots[i]], row, replace):
                return False
        return True
    j = lower_bound_32(row.slots, 0, row.n, slots[0])
    if row.n - j < asked:
        for j in range(j, row.n):
            i = lower_bound_64(slots, i, asked, row.slots[j])
            if i == asked:
                break
            if slots[i] == row.slots[j] and not merge(grid, rows[i] * width + column, row.cells[j], row, replace):
                return False
    else:
        for i in range(asked):
            j = lower_bound_32(row.slots, j, row.n, slots[i])
            if j == row.n:
                break
            if slots[i] == row.slots[j] and not merge(grid, rows[i] * width + column, row.cells[j], row, replace):
                return False
    return True


cdef int64_t merge_all(Points *grid, int64_t width, const uint8_t *log, const int64_t[:, ::1] records,
                       const int64_t *slots, const int64_t *rows, int64_t asked, bint replace) noexcept nogil:
    """The asked slots of each record, in order. The number of the first bad record, else -1."""
    cdef int64_t i
    cdef Row row
    for i in range(records.shape[0]):
        row = row_at(log + records[i, OFFSET], &records[i, 0])
        if not merge_row(grid, width, records[i, COLUMN], &row, slots, rows, asked, replace):
            return i
    return -1


cdef check(const uint8_t[::1] log, const int64_t[:, ::1] records, const int64_t[::1] slots, const int64_t[::1] rows,
           int64_t paths, int64_t width):
    """Nothing the loops below do can leave the log or the grid."""
    cdef int64_t i, n, m, size
    if records.shape[1] != FIELDS:
        raise ValueError(f"records have {records.shape[1]} fields; want {FIELDS}")
    if slots.shape[0] != rows.shape[0]:
        raise ValueError(f"{slots.shape[0]} slots for {rows.shape[0]} rows")
    if <uint64_t>&log[0] % 8:
        raise ValueError("the log is not aligned to 8 bytes")
    for i in range(slots.shape[0]):
        if not (0 <= rows[i] < paths and 0 <= slots[i] and (i == 0 or slots[i - 1] < slots[i])):
            raise ValueError(f"slot {slots[i]} for row {rows[i]}: want ascending slots and rows in [0, {paths})")
    for i in range(records.shape[0]):
        n = records[i, CELLS]
        m = records[i, MULTIS]
        if not (0 <= n <= 0xFFFFFFFF and 0 <= m <= 0xFFFFFFFF and records[i, KIND] in (DENSE, SPARSE)):
            raise ValueError(f"record {i} is of kind {records[i, KIND]} with {n} cells and {m} multis")
        size = n * 8 + m * 40 + ((n + 1) // 2 * 8 if records[i, KIND] == SPARSE else 0)
        if records[i, OFFSET] % 8 or not 0 <= records[i, OFFSET] <= log.shape[0] - size:
            raise ValueError(f"record {i} at byte {records[i, OFFSET]} does not fit a log of {log.shape[0]} bytes")
        if not 0 <= records[i, COLUMN] < width:
            raise ValueError(f"record {i} is for column {records[i, COLUMN]} of {width}")


cdef double *column_of(int64_t paths, int64_t width, double[:, ::1] array) except? NULL:
    """NULL for a column of width 0, which the grid does not have."""
    if array.shape[0] != paths or array.shape[1] not in (width, 0):
        raise ValueError(f"the arrays of a grid are {paths} x {width} and {array.shape[0]} x {array.shape[1]}")
    return &array[0, 0] if array.shape[1] else NULL


def gather(const uint8_t[::1] log not None, const int64_t[:, ::1] records not None, const int64_t[::1] slots not None,
           const int64_t[::1] rows not None, bint replace, int64_t[:, ::1] count not None, double[:, ::1] sum not None,
           double[:, ::1] min not None, double[:, ::1] max not None, double[:, ::1] last not None):
    """Merge the cells of ``slots`` (ascending; slots[i] goes to row rows[i] of the grid) of each record, in order.

    ``records`` is (n, 5): kind (2 dense, 3 sparse), column of the grid, offset of the payload in ``log``, cells, multis.
    Returns -1, or the number of a record with a cell that makes no sense; what the grid holds is then undefined.
    ValueError for arguments that would lead out of the log or the grid. Does not hold the GIL while it merges.
    """
    cdef int64_t paths = count.shape[0], width = count.shape[1], asked = slots.shape[0], at = 0, bad = -1
    cdef Points grid
    grid.sum = column_of(paths, width, sum)
    grid.min = column_of(paths, width, min)
    grid.max = column_of(paths, width, max)
    grid.last = column_of(paths, width, last)
    if asked == 0 or records.shape[0] == 0 or log.shape[0] == 0:
        return -1
    check(log, records, slots, rows, paths, width)
    grid.count = &count[0, 0]
    with nogil:
        while at < asked and bad < 0:
            bad = merge_all(&grid, width, &log[0], records, &slots[at], &rows[at], lesser(TILE, asked - at), replace)
            at += TILE
    return bad
