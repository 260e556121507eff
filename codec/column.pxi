# A column of int64: the residuals of the cheapest predictor, in Rice codes.
#
# Arithmetic is in uint64_t, where overflow wraps, so that any integers come back as they were.

from libc.math cimport fabs

cdef enum:
    CONSTANT = 0  # all values are equal
    LEVEL = 1  # a fixed level (the mean)
    DELTA = 2  # the value before, plus a fixed drift
    DELTA2 = 3  # the value before, plus the difference before
    AVERAGE = 4  # a moving average of the values before
    REFERENCE = 5  # the same row of another column
    PREDICTOR = 0x0F
    SHIFTED = 0x80  # flag: all values have the same low bits, which are cut off
    MIN_SHIFT = 3  # fewer equal low bits do not pay for their two bytes
    AVERAGE_FRACTION = 4  # bits below the point in the moving average
    AVERAGE_SHIFT = 3  # its weight: an eighth of the newest difference
    MAX_COLUMN_BYTES = 48  # of a column's header


# What a column of n rows needs beside its input, allocated by the caller for all columns of a call.
cdef struct Workspace:
    uint64_t *residuals
    int64_t *shifted
    double *floats


cdef inline uint64_t moved(uint64_t average, uint64_t value) noexcept nogil:
    """The moving average, a fixed-point number, after ``value``."""
    return average + <uint64_t>(<int64_t>((value << AVERAGE_FRACTION) - average) >> AVERAGE_SHIFT)


cdef inline uint64_t whole(uint64_t average) noexcept nogil:
    return <uint64_t>(<int64_t>average >> AVERAGE_FRACTION)


cdef inline uint64_t exponent(double difference) noexcept nogil:
    """1022 + the number of bits in ``difference``, an integer. Without branch or call, so that loops over it vectorise."""
    cdef Bits bits
    bits.f = fabs(difference) + 0.5
    return bits.u >> 52


cdef inline uint64_t average_cost(const int64_t *x, int n) noexcept nogil:
    cdef uint64_t cost = 0, average = <uint64_t>x[0] << AVERAGE_FRACTION
    cdef int i
    for i in range(1, n):
        cost += max(bit_length(zigzag(<uint64_t>x[i] - whole(average))), 1) - 1
        average = moved(average, <uint64_t>x[i])
    return cost


# What choosing finds: the predictor and its parameter (level or drift).
cdef struct Choice:
    int predictor
    int64_t parameter


cdef Choice choose_predictor(const int64_t *x, int n, const int64_t *reference, double *f) noexcept nogil:
    """The predictor whose residuals have the least bits in sum. ``n`` is at least 2."""
    cdef uint64_t levels = 0, deltas = 0, drifts = 0, delta2s = 0, references = 0, best, cost, zero = 1022 * <uint64_t>n
    cdef double total = 0, level, drift, delta
    cdef bint moderate
    cdef int i
    cdef Choice choice
    for i in range(n):
        f[i] = <double>x[i]
        total += f[i]
    level = total / n
    drift = (f[n - 1] - f[0]) / (n - 1)
    moderate = fabs(level) < 1e15 and fabs(drift) < 1e15
    level = <double><int64_t>level if moderate else f[0]
    drift = <double><int64_t>(drift + (0.5 if drift > 0 else -0.5)) if moderate else 0
    for i in range(1, n):
        delta = f[i] - f[i - 1]
        deltas += exponent(delta)
        drifts += exponent(delta - drift)
        levels += exponent(f[i] - level)
    for i in range(2, n):
        delta2s += exponent(f[i] - 2 * f[i - 1] + f[i - 2])
    delta2s += exponent(f[1] - f[0]) + 1022
    deltas += 1022
    drifts += 1022
    levels += exponent(f[0] - level)

    choice.predictor, choice.parameter, best = DELTA, 0, deltas
    if drifts + 8 < best:
        choice.parameter, best = <int64_t>drift, drifts
    if moderate and levels + 12 < best:
        choice.predictor, choice.parameter, best = LEVEL, <int64_t>level, levels
    if delta2s < best:
        choice.predictor, best = DELTA2, delta2s
    elif moderate and delta2s > deltas + <uint64_t>(n // 2):  # differences undo each other: noise around a level
        cost = average_cost(x, n) + zero
        if cost < best:
            choice.predictor, best = AVERAGE, cost
    if reference != NULL:
        for i in range(n):
            references += exponent(f[i] - <double>reference[i])
        if references < best:
            choice.predictor = REFERENCE
    return choice


cdef int common_low_bits(const int64_t *x, int n) noexcept nogil:
    """How many low bits are the same in all values; 64 when all values are equal."""
    cdef uint64_t differing = 0
    cdef int i
    for i in range(1, n):
        differing |= <uint64_t>x[i] ^ <uint64_t>x[0]
    return trailing_zeros(differing) if differing else 64


cdef int residuals_of(const int64_t *values, int n, Choice choice, const int64_t *reference, uint64_t *u) noexcept nogil:
    """Fills ``u`` and returns how many residuals there are: n, or n - 1 where the first value goes into the header."""
    cdef const uint64_t *x = <const uint64_t *>values
    cdef uint64_t parameter = <uint64_t>choice.parameter, average
    cdef int i
    if choice.predictor == REFERENCE:
        for i in range(n):
            u[i] = zigzag(x[i] - <uint64_t>reference[i])
        return n
    if choice.predictor == LEVEL:
        for i in range(n):
            u[i] = zigzag(x[i] - parameter)
        return n
    if choice.predictor == DELTA:
        for i in range(1, n):
            u[i - 1] = zigzag(x[i] - x[i - 1] - parameter)
    elif choice.predictor == DELTA2:
        u[0] = zigzag(x[1] - x[0])
        for i in range(2, n):
            u[i - 1] = zigzag(x[i] - 2 * x[i - 1] + x[i - 2])
    else:
        average = x[0] << AVERAGE_FRACTION
        for i in range(1, n):
            u[i - 1] = zigzag(x[i] - whole(average))
            average = moved(average, x[i])
    return n - 1


cdef uint8_t *encode_column(const int64_t *x, int n, const int64_t *reference, uint8_t *out, Workspace *work) noexcept nogil:
    """``n`` >= 1 integers to at most 12 * n + MAX_COLUMN_BYTES bytes from ``out``; returns the end.

    ``reference`` is NULL or ``n`` integers that the decoder will have too.
    """
    cdef int shift = common_low_bits(x, n), i
    cdef Choice choice
    if shift == 64:
        out[0] = CONSTANT
        return put_varint(out + 1, zigzag(<uint64_t>x[0]))
    if shift < MIN_SHIFT:
        choice = choose_predictor(x, n, reference, work.floats)
        out[0] = choice.predictor
        out += 1
    else:
        for i in range(n):
            work.shifted[i] = x[i] >> shift
        choice = choose_predictor(work.shifted, n, NULL, work.floats)
        out[0] = choice.predictor | SHIFTED
        out[1] = shift
        out = put_varint(out + 2, <uint64_t>x[0] & ((<uint64_t>1 << shift) - 1))
        x = work.shifted
    if choice.predictor == DELTA or choice.predictor == LEVEL:
        out = put_varint(out, zigzag(<uint64_t>choice.parameter))
    if choice.predictor != LEVEL and choice.predictor != REFERENCE:
        out = put_varint(out, zigzag(<uint64_t>x[0]))
    return encode_rice(work.residuals, residuals_of(x, n, choice, reference, work.residuals), out)


# A column's header as read.
cdef struct Header:
    uint8_t predictor
    uint8_t shift
    uint64_t low
    uint64_t parameter
    uint64_t first


cdef Status read_header(Reader *reader, bint has_reference, Header *header) noexcept nogil:
    cdef uint8_t byte
    cdef uint64_t number = 0
    header.shift, header.low, header.parameter, header.first = 0, 0, 0, 0
    if get_byte(reader, &byte):
        return CUT
    header.predictor = byte & PREDICTOR
    if byte & SHIFTED:
        if get_byte(reader, &header.shift) or get_varint(reader, &header.low):
            return CUT
        if header.shift > 63 or header.predictor == REFERENCE:
            return BAD_PREDICTOR
    if header.predictor > REFERENCE or byte & ~(PREDICTOR | SHIFTED) or (header.predictor == REFERENCE and not has_reference):
        return BAD_PREDICTOR
    if header.predictor == LEVEL or header.predictor == DELTA:
        if get_varint(reader, &number):
            return CUT
        header.parameter = unzigzag(number)
    if header.predictor != LEVEL and header.predictor != REFERENCE:
        if get_varint(reader, &number):
            return CUT
        header.first = unzigzag(number)
    return OK


cdef void values_of(const uint64_t *u, int n, Header *header, const int64_t *reference, int64_t *values) noexcept nogil:
    """The inverse of ``residuals_of``."""
    cdef uint64_t *x = <uint64_t *>values
    cdef uint64_t value = header.first, parameter = header.parameter, difference = 0, average
    cdef int i
    if header.predictor == REFERENCE:
        for i in range(n):
            x[i] = <uint64_t>reference[i] + unzigzag(u[i])
        return
    if header.predictor == LEVEL:
        for i in range(n):
            x[i] = parameter + unzigzag(u[i])
        return
    x[0] = value
    if header.predictor == CONSTANT:
        for i in range(1, n):
            x[i] = value
    elif header.predictor == DELTA:
        for i in range(1, n):
            value += parameter + unzigzag(u[i - 1])
            x[i] = value
    elif header.predictor == DELTA2:
        for i in range(1, n):
            difference += unzigzag(u[i - 1])
            value += difference
            x[i] = value
    else:
        average = value << AVERAGE_FRACTION
        for i in range(1, n):
            x[i] = whole(average) + unzigzag(u[i - 1])
            average = moved(average, x[i])


cdef Status decode_column(Reader *reader, int64_t *x, int n, const int64_t *reference, uint64_t *residuals) noexcept nogil:
    """``n`` >= 1 integers into ``x``; ``residuals`` has room for ``n``."""
    cdef Header header
    cdef Status status = read_header(reader, reference != NULL, &header)
    cdef int i, count
    if status:
        return status
    if header.predictor != CONSTANT:
        count = n if header.predictor == LEVEL or header.predictor == REFERENCE else n - 1
        status = decode_rice(reader, residuals, count)
        if status:
            return status
    values_of(residuals, n, &header, reference, x)
    if header.shift:
        for i in range(n):
            x[i] = <int64_t>(<uint64_t>x[i] << header.shift | header.low)
    return OK
