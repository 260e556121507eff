# Groups of float64 columns as columns of integers: decimals scaled by one power of ten, else their bits in order.

cdef extern from *:
    """
    static const double POWERS_OF_TEN[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    """
    const double *POWERS_OF_TEN

cdef enum:
    MAX_DIGITS = 8
    MAX_ULPS = 31  # sums of decimals are off by some units in the last place; those go to a column of corrections
    DIGITS = 0x0F
    WITH_ULPS = 0x40
    ODD_SHARE = 8  # at most one value in so many may be no decimal; from one in three on raw bits would be shorter
    RAW_BITS = 0x3F  # in place of the digits
    NO_DIGITS = -1


cdef inline int64_t ordered(double value) noexcept nogil:
    """The bits of ``value`` as an integer that grows with it."""
    cdef Bits bits
    bits.f = value
    return bits.i ^ <int64_t>(<uint64_t>(bits.i >> 63) >> 1)


cdef inline double from_ordered(int64_t order) noexcept nogil:
    cdef Bits bits
    bits.i = order ^ <int64_t>(<uint64_t>(order >> 63) >> 1)
    return bits.f


cdef inline int64_t scaled(double value, double scale, int64_t *ulps) noexcept nogil:
    """``value * scale`` to the nearest integer; ``ulps`` is by how much that divided by ``scale`` misses ``value``'s bits.

    Adding 1.5 * 2**52 leaves the rounded integer in the low bits of the sum: no call, so that loops over it vectorise.
    """
    cdef Bits before, magic, sum_, back
    magic.f = 6755399441055744.0
    before.f = value
    sum_.f = value * scale + magic.f
    back.f = (sum_.f - magic.f) / scale
    ulps[0] = <int64_t>(before.u - back.u)
    return <int64_t>(sum_.u - magic.u)


cdef inline bint fits(double value, double scale) noexcept nogil:
    """Whether ``value`` comes back from an integer. NaN does not."""
    cdef int64_t ulps
    if not (-1e15 < value * scale < 1e15):
        return False
    scaled(value, scale, &ulps)
    return -MAX_ULPS <= ulps <= MAX_ULPS


cdef int first_misfit(const double *values, int at, int n, double scale, int64_t *x, int64_t *ulps) noexcept nogil:
    """Scales from index ``at`` on to ``x`` and ``ulps``; returns the index of the first value that does not fit, or ``n``."""
    cdef int begin, i
    cdef uint64_t large, missed
    while at < n:
        begin, at = at, min(at + BLOCK, n)
        large, missed = 0, 0
        for i in range(begin, at):
            x[i] = scaled(values[i], scale, &ulps[i])
            large |= not (fabs(values[i] * scale) < 1e15)
            missed |= <uint64_t>ulps[i]
        if large or missed:
            for i in range(begin, at):
                if not fits(values[i], scale):
                    return i
    return n


cdef int digits_of(double value, int digits) noexcept nogil:
    """The fewest decimal digits, more than ``digits``, with which ``value`` fits; or NO_DIGITS."""
    for digits in range(digits + 1, MAX_DIGITS + 1):
        if fits(value, POWERS_OF_TEN[digits]):
            return digits
    return NO_DIGITS


cdef int64_t ulps_from(int64_t x, double scale, double value) noexcept nogil:
    """What takes ``x / scale`` to ``value``."""
    cdef Bits back, bits
    back.f, bits.f = <double>x / scale, value
    return <int64_t>(bits.u - back.u)


cdef int scale_to_integers(const double *values, int n, int64_t *x, int64_t *ulps) noexcept nogil:
    """Fewest decimal digits with which the values are integers in ``x``, but for ``ulps``; or NO_DIGITS.

    A few odd values (-0.0, inf, thirds) repeat the integer before them and leave the rest to their ulps.
    """
    cdef int digits = 0, odd = 0, at = 0, finer
    while True:
        at = first_misfit(values, at, n, POWERS_OF_TEN[digits], x, ulps)
        if at == n:
            return digits
        finer = digits_of(values[at], digits)
        if finer != NO_DIGITS:
            digits, odd, at = finer, 0, 0
            continue
        odd += 1
        if odd > min(n // ODD_SHARE, 2 + at // ODD_SHARE):
            return NO_DIGITS
        x[at] = x[at - 1] if at else 0
        ulps[at] = ulps_from(x[at], POWERS_OF_TEN[digits], values[at])
        at += 1


cdef void sum_reference(const int64_t *least, const int64_t *counts, int n, bint raw, int64_t *reference) noexcept nogil:
    """What the sum column is predicted by: least * count, in the unit of the column."""
    cdef int i
    if raw:
        for i in range(n):
            reference[i] = ordered(from_ordered(least[i]) * <double>counts[i])
    else:
        for i in range(n):
            reference[i] = <int64_t>(<uint64_t>least[i] * <uint64_t>counts[i])


# Columns of one group lie behind one another, n rows each. Columns 1 and 2 are predicted by column 0, column 3 by
# column 0 times ``counts``: min, max, last and sum.
cdef struct Group:
    double *values
    int64_t *x
    int64_t *ulps
    int64_t *counts
    int64_t *reference


cdef const int64_t *reference_of(Group *group, int column, int n, bint raw) noexcept nogil:
    if column == 0:
        return NULL
    if column < 3:
        return group.x
    sum_reference(group.x, group.counts, n, raw, group.reference)
    return group.reference


cdef uint8_t *encode_ulps(const int64_t *ulps, int n, uint8_t *out, uint64_t *residuals) noexcept nogil:
    cdef int i
    for i in range(n):
        residuals[i] = zigzag(<uint64_t>ulps[i])
    return encode_rice(residuals, n, out)


cdef uint8_t *encode_group(Group *group, int columns, int n, uint8_t *out, Workspace *work) noexcept nogil:
    """Float columns to at most columns * (24 * n + MAX_COLUMN_BYTES + 8) + 1 bytes from ``out``; returns the end."""
    cdef int digits = scale_to_integers(group.values, columns * n, group.x, group.ulps), column, i
    cdef bint raw = digits == NO_DIGITS
    cdef uint64_t corrections = 0
    if raw:
        out[0] = RAW_BITS
        for i in range(columns * n):
            group.x[i] = ordered(group.values[i])
    else:
        for i in range(columns * n):
            corrections |= <uint64_t>group.ulps[i]
        out[0] = digits | (WITH_ULPS if corrections else 0)
    out += 1
    for column in range(columns):
        out = encode_column(group.x + column * n, n, reference_of(group, column, n, raw), out, work)
        if corrections:
            out = encode_ulps(group.ulps + column * n, n, out, work.residuals)
    return out


cdef void to_floats(const int64_t *x, int n, bint raw, double scale, double *values) noexcept nogil:
    cdef int i
    if raw:
        for i in range(n):
            values[i] = from_ordered(x[i])
    elif scale == 1.0:
        for i in range(n):
            values[i] = <double>x[i]
    else:
        for i in range(n):
            values[i] = <double>x[i] / scale


cdef Status decode_ulps(Reader *reader, double *values, int n, uint64_t *residuals) noexcept nogil:
    cdef Bits bits
    cdef int i
    cdef Status status = decode_rice(reader, residuals, n)
    if status:
        return status
    for i in range(n):
        bits.f = values[i]
        bits.u += unzigzag(residuals[i])
        values[i] = bits.f
    return OK


cdef Status decode_group(Reader *reader, Group *group, int columns, int n, uint64_t *residuals) noexcept nogil:
    """Fills ``group.values``."""
    cdef uint8_t head
    cdef int column, offset
    cdef bint raw
    cdef double scale = 1.0
    cdef Status status
    if get_byte(reader, &head):
        return CUT
    raw = head == RAW_BITS
    if not raw:
        if head & ~(DIGITS | WITH_ULPS) or (head & DIGITS) > MAX_DIGITS:
            return BAD_SCALE
        scale = POWERS_OF_TEN[head & DIGITS]
    for column in range(columns):
        offset = column * n
        status = decode_column(reader, group.x + offset, n, reference_of(group, column, n, raw), residuals)
        if status:
            return status
        to_floats(group.x + offset, n, raw, scale, group.values + offset)
        if head & WITH_ULPS:
            status = decode_ulps(reader, group.values + offset, n, residuals)
            if status:
                return status
    return OK
