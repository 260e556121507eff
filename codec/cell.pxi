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


cdef inline void replace_cell(
    Columns *into, Py_ssize_t at, int64_t count, double sum_, double min_, double max_, double last
) noexcept nogil:
    into.count[at] = count
    if into.sum != NULL:
        into.sum[at] = sum_
    if into.min != NULL:
        into.min[at] = min_
    if into.max != NULL:
        into.max[at] = max_
    if into.last != NULL:
        into.last[at] = last


cdef inline void add_cell(
    Columns *into, Py_ssize_t at, int64_t count, double sum_, double min_, double max_, double last
) noexcept nogil:
    """``count`` is not 0, and the point is later than what the cell holds."""
    if into.count[at] == 0:
        replace_cell(into, at, count, sum_, min_, max_, last)
        return
    into.count[at] = <int64_t>(<uint64_t>into.count[at] + <uint64_t>count)
    if into.sum != NULL:
        into.sum[at] += sum_
    if into.min != NULL and min_ < into.min[at]:
        into.min[at] = min_
    if into.max != NULL and max_ > into.max[at]:
        into.max[at] = max_
    if into.last != NULL:
        into.last[at] = last
