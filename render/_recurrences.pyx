# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What each slot takes over from the one before it: sorted windows, exponential averages, Holt-Winters forecasts. NaN is a gap."""

from libc.math cimport NAN, fabs, isnan
from libc.stdlib cimport free, malloc
from libc.string cimport memmove


cdef Py_ssize_t place(const double *ordered, Py_ssize_t size, double value) noexcept nogil:
    """How many of ``ordered`` are less than ``value``."""
    cdef Py_ssize_t low = 0, high = size, middle
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


cdef void slide(const double *values, Py_ssize_t slots, Py_ssize_t width, double *ordered, double *out) noexcept nogil:
    cdef Py_ssize_t i, at, size = 0
    for i in range(slots):
        if i >= width and not isnan(values[i - width]):
            at = place(ordered, size, values[i - width])
            size -= 1
            memmove(ordered + at, ordered + at + 1, (size - at) * sizeof(double))
        if not isnan(values[i]):
            at = place(ordered, size, values[i])
            memmove(ordered + at + 1, ordered + at, (size - at) * sizeof(double))
            ordered[at] = values[i]
            size += 1
        if i < width - 1:
            continue
        if size == 0:
            out[i - width + 1] = NAN
        elif size % 2:
            out[i - width + 1] = ordered[size // 2]
        else:
            out[i - width + 1] = (ordered[size // 2 - 1] + ordered[size // 2]) / 2


def medians(const double[::1] values, Py_ssize_t width, double[::1] out):
    """The median of each ``width`` neighbours, gaps left out, into ``out``; NaN where all are gaps. MemoryError, ValueError."""
    cdef Py_ssize_t slots = values.shape[0]
    cdef double *ordered
    if not 1 <= width <= slots or out.shape[0] != slots - width + 1:
        raise ValueError(f"medians of {width} neighbours among {slots} slots into {out.shape[0]}")
    ordered = <double *>malloc(width * sizeof(double))
    if ordered == NULL:
        raise MemoryError
    with nogil:
        slide(&values[0], slots, width, ordered, &out[0])
    free(ordered)


def exponential(const double[::1] values, double before, double share, double[::1] out):
    """``share`` of each value and the rest of the result before it, which is ``before`` at first; gaps stay, and are passed over.

    ValueError for arrays of two lengths."""
    cdef Py_ssize_t i
    if out.shape[0] != values.shape[0]:
        raise ValueError(f"exponential averages of {values.shape[0]} slots into {out.shape[0]}")
    with nogil:
        for i in range(values.shape[0]):
            if isnan(values[i]):
                out[i] = NAN
            else:
                before = share * values[i] + (1 - share) * before
                out[i] = before


cdef void analyse(
    const double *values, Py_ssize_t slots, Py_ssize_t season,
    double level_share, double trend_share, double season_share,
    double *seasonals, double *predictions, double *deviations,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef double level = NAN, trend = 0, level_before, trend_before, seasonal, prediction = NAN, expected
    for i in range(slots):
        predictions[i] = prediction
        if isnan(values[i]):
            # All begins anew after a gap.
            seasonals[i] = deviations[i] = trend = 0
            level = prediction = NAN
            continue
        if i == 0:
            predictions[i] = values[i]
        level_before = values[i] if isnan(level) else level
        trend_before = trend
        seasonal = seasonals[i - season] if i >= season else 0
        expected = 0 if isnan(predictions[i]) else predictions[i]
        level = level_share * (values[i] - seasonal) + (1 - level_share) * (level_before + trend_before)
        trend = trend_share * (level - level_before) + (1 - trend_share) * trend_before
        seasonals[i] = season_share * (values[i] - level) + (1 - season_share) * seasonal
        deviations[i] = season_share * fabs(values[i] - expected)
        if i >= season:
            deviations[i] += (1 - season_share) * deviations[i - season]
        prediction = level + trend
        if i + 1 >= season:
            prediction += seasonals[i + 1 - season]


def holt_winters(
    const double[::1] values, Py_ssize_t season,
    double level_share, double trend_share, double season_share,
    double[::1] seasonals, double[::1] predictions, double[::1] deviations,
):
    """What each value is expected to be from those before it, and how far such values are from what was expected.

    ``season`` in slots, at least 2. The shares are those that a new value has in the level, the trend and the season. ``seasonals``
    is filled, too. Raises ValueError."""
    cdef Py_ssize_t slots = values.shape[0]
    if season < 2 or not slots == seasonals.shape[0] == predictions.shape[0] == deviations.shape[0]:
        raise ValueError(f"a season of {season} slots, or arrays that are not all of {slots}")
    if slots == 0:
        return
    with nogil:
        analyse(
            &values[0], slots, season, level_share, trend_share, season_share, &seasonals[0], &predictions[0], &deviations[0]
        )
