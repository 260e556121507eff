# Groups of float64 columns as columns of integers: decimals scaled by one power of ten, else their bits in order.

cdef extern from *:
    """
    static const double POWERS_OF_TEN[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    /* 1.5 * 2**52: the low bits of its sum with a float below 2**51 in size are that float, rounded to an integer. */
    static const double ROUNDER = 6755399441055744.0;
    """
    const double *POWERS_OF_TEN
    const double ROUNDER

cdef enum:
    MAX_DIGITS = 8
    MAX_ULPS = 31  # sums of decimals are off by some units in the last place; those go to a column of corrections
    DIGITS = 0x0F
    WITH_ULPS = 0x40
    ODD_SHARE = 8  # at most one value in so many may be no decimal; from one in three on raw bits would be shorter
    RAW_BITS = 0x3F  # in place of the digits
    NO_DIGITS = -1
    GROUP = 4  # columns of points with more samples: sum, min, max, last


cdef inline int64_t ordered(double value) noexcept nogil:
    """The bits of ``value`` as an integer that grows with it."""
    cdef Bits bits
    bits.f = value
    return bits.i ^ <int64_t>(<uint64_t>(bits.i >> 63) >> 1)


cdef inline double from_ordered(int64_t order) noexcept nogil:
    cdef Bits bits
    bits.i = order ^ <int64_t>(<uint64_t>(order >> 63) >> 1)
    return bits.f


# No calls and no conversions, so that loops over these vectorise. Integers and values are below 2**51 in size; with others,
# as damaged bytes may have them, the result is some number.

cdef inline int64_t nearest(double value) noexcept nogil:
    """The nearest integer, of two equally near ones the even one."""
    cdef Bits rounder, sum_
    rounder.f, sum_.f = ROUNDER, value + ROUNDER
    return <int64_t>(sum_.u - rounder.u)


cdef inline double from_integer(int64_t x) noexcept nogil:
    cdef Bits sum_
    sum_.f = ROUNDER
    sum_.u += <uint64_t>x
    return sum_.f - ROUNDER


cdef inline int64_t scaled(double value, double scale, int64_t *ulps) noexcept nogil:
    """``value * scale`` to the nearest integer; ``ulps`` is by how much that divided by ``scale`` misses ``value``'s bits."""
    cdef Bits before, back
    cdef int64_t x = nearest(value * scale)
    before.f, back.f = value, from_integer(x) / scale
    ulps[0] = <int64_t>(before.u - back.u)
    return x


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


cdef void mean_reference(const int64_t *sums, const int64_t *counts, int n, bint raw, int64_t *reference) noexcept nogil:
    """What the columns behind the sum are predicted by: sum / count, in the unit of the columns."""
    cdef int i
    if raw:
        for i in range(n):
            reference[i] = ordered(from_ordered(sums[i]) / <double>counts[i])
    else:
        for i in range(n):
            reference[i] = nearest(<double>sums[i] / <double>counts[i])


# Columns of one group lie behind one another, n rows each: the sum, then min, max and last, which are predicted by the mean.
cdef struct Group:
    double *values
    int64_t *x
    int64_t *ulps
    const int64_t *counts
    int64_t *reference


cdef uint8_t *encode_ulps(const int64_t *ulps, int n, uint8_t *out, uint64_t *residuals) noexcept nogil:
    cdef int i
    for i in range(n):
        residuals[i] = zigzag(<uint64_t>ulps[i])
    return encode_rice(residuals, n, out)


cdef uint8_t *put_length(uint8_t *begin, uint8_t *end) noexcept nogil:
    """Moves the bytes up to ``end`` on, to put their number before them; returns their end."""
    cdef uint8_t varint[10]
    cdef size_t length = end - begin, width = put_varint(varint, length) - varint
    memmove(begin + width, begin, length)
    memcpy(begin, varint, width)
    return end + width


cdef uint8_t *encode_group(Group *group, int columns, int n, uint8_t *out, Workspace *work) noexcept nogil:
    """Float columns to at most columns * (24 * n + MAX_COLUMN_BYTES + 8) + 1 bytes from ``out``; returns the end."""
    cdef int digits = scale_to_integers(group.values, columns * n, group.x, group.ulps), column, i
    cdef bint raw = digits == NO_DIGITS
    cdef uint64_t corrections = 0
    cdef uint8_t *begin
    if raw:
        out[0] = RAW_BITS
        for i in range(columns * n):
            group.x[i] = ordered(group.values[i])
    else:
        for i in range(columns * n):
            corrections |= <uint64_t>group.ulps[i]
        out[0] = digits | (WITH_ULPS if corrections else 0)
    out += 1
    if columns > 1:
        mean_reference(group.x, group.counts, n, raw, group.reference)
    for column in range(columns):
        begin = out
        out = encode_column(group.x + column * n, n, group.reference if column else NULL, out, work)
        if corrections:
            out = encode_ulps(group.ulps + column * n, n, out, work.residuals)
        if column > 0:
            out = put_length(begin, out)
    return out


cdef void to_floats(const int64_t *x, int n, bint raw, double scale, double *values) noexcept nogil:
    cdef int i
    if raw:
        for i in range(n):
            values[i] = from_ordered(x[i])
    else:
        for i in range(n):
            values[i] = from_integer(x[i]) / scale


# How the floats of a group became integers.
cdef struct Scale:
    bint raw
    bint with_ulps
    double power


cdef Status read_scale(Reader *reader, Scale *scale) noexcept nogil:
    cdef uint8_t head
    if get_byte(reader, &head):
        return CUT
    scale.raw, scale.with_ulps, scale.power = head == RAW_BITS, False, 1.0
    if scale.raw:
        return OK
    if head & ~(DIGITS | WITH_ULPS) or (head & DIGITS) > MAX_DIGITS:
        return BAD_SCALE
    scale.with_ulps, scale.power = (head & WITH_ULPS) != 0, POWERS_OF_TEN[head & DIGITS]
    return OK


cdef void add_ulps(const uint64_t *residuals, int n, double *values) noexcept nogil:
    cdef Bits bits
    cdef int i
    for i in range(n):
        bits.f = values[i]
        bits.u += unzigzag(residuals[i])
        values[i] = bits.f


cdef Status decode_floats(
    Reader *reader, Scale *scale, int64_t *x, int n, const int64_t *reference, double *values, uint64_t *residuals
) noexcept nogil:
    """One column of a group: its integers to ``x``, its floats to ``values`` if that is not NULL."""
    cdef Status status = decode_column(reader, x, n, reference, residuals)
    if status == OK and values != NULL:
        to_floats(x, n, scale.raw, scale.power, values)
    if status or not scale.with_ulps:
        return status
    status = decode_rice(reader, residuals, n)
    if status == OK and values != NULL:
        add_ulps(residuals, n, values)
    return status


cdef Status take_part(Reader *reader, Reader *part) noexcept nogil:
    """Splits off what follows behind its length."""
    cdef uint64_t length
    if get_varint(reader, &length) or length > <uint64_t>(reader.end - reader.at):
        return CUT
    part[0] = reader[0]
    part.end = reader.at = reader.at + length
    return OK


cdef Status decode_single_column(Reader *reader, Group *group, int n, double *values, uint64_t *residuals) noexcept nogil:
    """A group of one."""
    cdef Scale scale
    cdef Status status = read_scale(reader, &scale)
    if status:
        return status
    return decode_floats(reader, &scale, group.x, n, NULL, values, residuals)


cdef Status decode_group(Reader *reader, Group *group, int n, double **into, uint64_t *residuals) noexcept nogil:
    """Sum, min, max and last to ``into[0]`` to ``into[3]``. What is NULL there is passed over; ``group.counts`` are known."""
    cdef Scale scale
    cdef Reader part
    cdef int column
    cdef Status status = read_scale(reader, &scale)
    if status:
        return status
    status = decode_floats(reader, &scale, group.x, n, NULL, into[0], residuals)
    if status:
        return status
    if into[1] != NULL or into[2] != NULL or into[3] != NULL:
        mean_reference(group.x, group.counts, n, scale.raw, group.reference)
    for column in range(1, GROUP):
        if take_part(reader, &part):
            return CUT
        if into[column] == NULL:
            continue
        status = decode_floats(&part, &scale, group.x + n, n, group.reference, into[column], residuals)
        if status:
            return status
        if part.at != part.end:
            return BAD_LENGTH
    return OK
