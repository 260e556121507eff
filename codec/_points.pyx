# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Merging, rolling up and thinning of points on grids, without the GIL."""

from libc.math cimport NAN
from libc.stdint cimport int64_t

include "cell.pxi"

cdef enum:
    FARTHEST = 1 << 30  # a shift or factor, in slots: far from overflow

# The statistics that `consolidate_values` knows.
cdef enum:
    TOTAL
    LEAST
    GREATEST
    AVERAGE
    LATEST

STATISTICS = {"sum": TOTAL, "count": TOTAL, "min": LEAST, "max": GREATEST, "mean": AVERAGE, "last": LATEST}


# -- merging -------------------------------------------------------------------------------------------------------------

cdef inline void put_cell(Columns *into, Py_ssize_t at, Columns *points, Py_ssize_t point, bint replace) noexcept nogil:
    """One point into one cell; absent ones change nothing."""
    if points.count[point] <= 0:
        return
    if replace:
        replace_cell(into, at, points, point)
    else:
        add_cell(into, at, points, point)


cdef void put_points(
    Columns *into, Py_ssize_t width, Columns *points, const int64_t[::1] rows, const int64_t[::1] columns, bint replace
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(rows.shape[0]):
        if 0 <= columns[i] < width:
            put_cell(into, rows[i] * width + columns[i], points, i, replace)


def add_points(
    const int64_t[::1] rows not None,
    const int64_t[::1] columns not None,
    const int64_t[::1] counts not None,
    const double[::1] sums not None,
    const double[::1] mins not None,
    const double[::1] maxs not None,
    const double[::1] lasts not None,
    int64_t[:, ::1] into_counts not None,
    double[:, ::1] into_sums not None,
    double[:, ::1] into_mins not None,
    double[:, ::1] into_maxs not None,
    double[:, ::1] into_lasts not None,
    bint replace,
):
    """Point i into cell (rows[i], columns[i]), in order; columns outside are left out."""
    cdef Py_ssize_t n = rows.shape[0], width = into_counts.shape[1]
    cdef Columns into, points
    check_lengths(n, [columns.shape[0], counts.shape[0], sums.shape[0], mins.shape[0], maxs.shape[0], lasts.shape[0]])
    into = columns_of(into_counts, into_sums, into_mins, into_maxs, into_lasts)
    check_rows(rows, into_counts.shape[0])
    if n == 0 or width == 0:
        return
    points.count, points.sum, points.min = <int64_t *>&counts[0], <double *>&sums[0], <double *>&mins[0]
    points.max, points.last = <double *>&maxs[0], <double *>&lasts[0]
    with nogil:
        put_points(&into, width, &points, rows, columns, replace)


cdef inline void keep_fuller(Columns *into, Py_ssize_t at, Columns *points, Py_ssize_t point) noexcept nogil:
    """Of two points the one of more samples, whole; of equal ones that which is there."""
    if points.count[point] > into.count[at]:
        replace_cell(into, at, points, point)


cdef void put_grid(
    Columns *into,
    Py_ssize_t width,
    Columns *other,
    Py_ssize_t other_width,
    const int64_t[::1] rows,
    int64_t column,
    bint fuller,
) noexcept nogil:
    cdef Py_ssize_t row, at, begin = max(0, -column), end = min(other_width, width - column)
    for row in range(rows.shape[0]):
        for at in range(begin, end):
            if fuller:
                keep_fuller(into, rows[row] * width + column + at, other, row * other_width + at)
            else:
                put_cell(into, rows[row] * width + column + at, other, row * other_width + at, False)


def add_grid(
    const int64_t[:, ::1] counts not None,
    const double[:, ::1] sums not None,
    const double[:, ::1] mins not None,
    const double[:, ::1] maxs not None,
    const double[:, ::1] lasts not None,
    const int64_t[::1] rows not None,
    int64_t[:, ::1] into_counts not None,
    double[:, ::1] into_sums not None,
    double[:, ::1] into_mins not None,
    double[:, ::1] into_maxs not None,
    double[:, ::1] into_lasts not None,
    int64_t column,
    bint fuller,
):
    """Row i, its slot 0 at ``column``, into row rows[i] as later points, or where it is ``fuller``; what does not fit is left out."""
    cdef Columns into = columns_of(into_counts, into_sums, into_mins, into_maxs, into_lasts)
    cdef Columns other = columns_of(counts, sums, mins, maxs, lasts)
    check_lengths(counts.shape[0], [rows.shape[0]])
    check_rows(rows, into_counts.shape[0])
    check_reach(column)
    if counts.shape[1] == 0:
        return
    check_columns(&other, &into)
    with nogil:
        put_grid(&into, into_counts.shape[1], &other, counts.shape[1], rows, column, fuller)


cdef void fold(Columns *fine, Py_ssize_t rows, Py_ssize_t width, Py_ssize_t factor, Columns *coarse) noexcept nogil:
    cdef Py_ssize_t row, at, group_end, end = 0, cell = 0
    for row in range(rows):
        at, end = end, end + width
        while at < end:
            group_end = min(at + factor, end)
            while at < group_end:
                put_cell(coarse, cell, fine, at, False)
                at += 1
            cell += 1


def roll_up(
    const int64_t[:, ::1] counts not None,
    const double[:, ::1] sums not None,
    const double[:, ::1] mins not None,
    const double[:, ::1] maxs not None,
    const double[:, ::1] lasts not None,
    int64_t[:, ::1] into_counts not None,
    double[:, ::1] into_sums not None,
    double[:, ::1] into_mins not None,
    double[:, ::1] into_maxs not None,
    double[:, ::1] into_lasts not None,
    Py_ssize_t factor,
):
    """Groups of ``factor`` slots, from column 0 on, into one slot each."""
    cdef Columns coarse = columns_of(into_counts, into_sums, into_mins, into_maxs, into_lasts)
    cdef Columns fine = columns_of(counts, sums, mins, maxs, lasts)
    cdef Py_ssize_t rows = counts.shape[0], width = counts.shape[1]
    check_factor(factor)
    check_columns(&fine, &coarse)
    check_shape("the coarse grid", into_counts.shape[0], into_counts.shape[1], rows, groups_of(width, factor))
    with nogil:
        fold(&fine, rows, width, factor, &coarse)


# -- values of one statistic ---------------------------------------------------------------------------------------------

cdef double consolidated(const double *values, Py_ssize_t n, int statistic) noexcept nogil:
    """One value for ``n``; NaN, the gap, does not count."""
    cdef double result = NAN, value
    cdef Py_ssize_t i, present = 0
    for i in range(n):
        value = values[i]
        if value != value:
            continue
        if present == 0 or statistic == LATEST:
            result = value
        elif statistic == LEAST:
            result = min(result, value)
        elif statistic == GREATEST:
            result = max(result, value)
        else:
            result += value
        present += 1
    return result / present if statistic == AVERAGE and present else result


def consolidate_values(
    const double[:, ::1] values not None, Py_ssize_t factor, int statistic, double[:, ::1] into not None
):
    """Groups of ``factor`` values, from column 0 on, to one value each by ``statistic`` (see STATISTICS)."""
    cdef Py_ssize_t rows = values.shape[0], width = values.shape[1], row, group, groups
    check_factor(factor)
    groups = groups_of(width, factor)
    check_shape("the result", into.shape[0], into.shape[1], rows, groups)
    with nogil:
        for row in range(rows):
            for group in range(groups):
                into[row, group] = consolidated(
                    &values[row, group * factor], min(factor, width - group * factor), statistic
                )


cdef void fill_gap(double *values, Py_ssize_t before, Py_ssize_t after) noexcept nogil:
    """A straight line between two present values."""
    cdef double share
    cdef Py_ssize_t at
    for at in range(before + 1, after):
        share = <double>(at - before) / <double>(after - before)
        values[at] = values[before] * (1 - share) + values[after] * share


cdef void fill_gaps(double *values, Py_ssize_t width, Py_ssize_t limit) noexcept nogil:
    cdef Py_ssize_t at, before = -1
    for at in range(width):
        if values[at] != values[at]:
            continue
        if before >= 0 and 1 < at - before <= limit + 1:
            fill_gap(values, before, at)
        before = at


def interpolate(double[:, ::1] values not None, Py_ssize_t limit):
    """Fill inner gaps of at most ``limit`` slots, in place."""
    cdef Py_ssize_t row, width = values.shape[1]
    if not 0 <= limit <= FARTHEST:
        raise ValueError(f"got a limit of {limit} slots; want 0 to {FARTHEST}")
    if width == 0:
        return
    with nogil:
        for row in range(values.shape[0]):
            fill_gaps(&values[row, 0], width, limit)


# -- checks --------------------------------------------------------------------------------------------------------------

cdef inline Py_ssize_t groups_of(Py_ssize_t width, Py_ssize_t factor) noexcept nogil:
    return (width + factor - 1) // factor


cdef Columns columns_of(
    const int64_t[:, ::1] counts,
    const double[:, ::1] sums,
    const double[:, ::1] mins,
    const double[:, ::1] maxs,
    const double[:, ::1] lasts,
) except *:
    """The columns of a grid, NULL for those it does not have; of none without cells anything is read."""
    cdef Columns columns
    cdef Py_ssize_t rows = counts.shape[0], width = counts.shape[1]
    columns.count = <int64_t *>&counts[0, 0]
    columns.sum = column_of("sum", sums, rows, width)
    columns.min = column_of("min", mins, rows, width)
    columns.max = column_of("max", maxs, rows, width)
    columns.last = column_of("last", lasts, rows, width)
    return columns


cdef double *column_of(str name, const double[:, ::1] values, Py_ssize_t rows, Py_ssize_t width) except? NULL:
    if values.shape[1] == 0:
        width = 0
    check_shape(name, values.shape[0], values.shape[1], rows, width)
    return <double *>&values[0, 0] if width else NULL


cdef int check_columns(Columns *points, Columns *into) except -1:
    """A grid can be merged into another that has no more columns."""
    if (
        (into.sum != NULL and points.sum == NULL)
        or (into.min != NULL and points.min == NULL)
        or (into.max != NULL and points.max == NULL)
        or (into.last != NULL and points.last == NULL)
    ):
        raise ValueError("the points lack a column of the grid they go to")
    return 0


cdef int check_shape(str name, Py_ssize_t rows, Py_ssize_t width, Py_ssize_t want_rows, Py_ssize_t want_width) except -1:
    if rows != want_rows or width != want_width:
        raise ValueError(f"{name} has shape ({rows}, {width}); want ({want_rows}, {want_width})")
    return 0


cdef int check_lengths(Py_ssize_t want, list lengths) except -1:
    for length in lengths:
        if length != want:
            raise ValueError(f"got arrays of {want} and of {length} entries; want one length")
    return 0


cdef int check_rows(const int64_t[::1] rows, Py_ssize_t paths) except -1:
    cdef Py_ssize_t i
    for i in range(rows.shape[0]):
        if not 0 <= rows[i] < paths:
            raise ValueError(f"row {rows[i]} is not one of the grid's {paths}")
    return 0


cdef int check_reach(int64_t column) except -1:
    if not -FARTHEST <= column <= FARTHEST:
        raise ValueError(f"column {column} is out of reach; want at most {FARTHEST} slots before or after")
    return 0


cdef int check_factor(Py_ssize_t factor) except -1:
    if not 1 <= factor <= FARTHEST:
        raise ValueError(f"got a factor of {factor}; want 1 to {FARTHEST}")
    return 0
