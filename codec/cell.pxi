# One point into one cell of a grid. Included by the kernels that merge: the rule stands here alone.

from libc.stdint cimport int64_t, uint64_t


# A row of a grid (or a whole one): the same index in all five is one cell. Count 0 is no point. Columns of floats that a
# grid does not have are NULL.
cdef struct Columns:
    int64_t *count
    double *sum
    double *min
    double *max
    double *last


cdef inline void replace_cell(Columns *into, Py_ssize_t at, Columns *points, Py_ssize_t point) noexcept nogil:
    """``points`` has all columns that ``into`` has."""
    into.count[at] = points.count[point]
    if into.sum != NULL:
        into.sum[at] = points.sum[point]
    if into.min != NULL:
        into.min[at] = points.min[point]
    if into.max != NULL:
        into.max[at] = points.max[point]
    if into.last != NULL:
        into.last[at] = points.last[point]


cdef inline void add_cell(Columns *into, Py_ssize_t at, Columns *points, Py_ssize_t point) noexcept nogil:
    """The point's count is not 0, and it is later than what the cell holds."""
    if into.count[at] == 0:
        replace_cell(into, at, points, point)
        return
    into.count[at] = <int64_t>(<uint64_t>into.count[at] + <uint64_t>points.count[point])
    if into.sum != NULL:
        into.sum[at] += points.sum[point]
    if into.min != NULL and points.min[point] < into.min[at]:
        into.min[at] = points.min[point]
    if into.max != NULL and points.max[point] > into.max[at]:
        into.max[at] = points.max[point]
    if into.last != NULL:
        into.last[at] = points.last[point]
