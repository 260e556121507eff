# Decimal text to the nearest double, exactly as float() rounds it: Clinger's fast path for short numbers, Eisel and
# Lemire's algorithm ("Number Parsing at a Gigabyte per Second") for the rest, strtod for the few it cannot decide.

cdef enum:
    LEAST_POWER = -64  # powers of five in the table; numbers beyond go to strtod
    MOST_POWER = 64
    EXACT_DIGITS = 19  # of these a u64 mantissa holds any
    MOST_DIGITS = 400  # a longer number, sign and all, is the slow path's
    MOST_EXPONENT = 100_000  # an exponent is clipped here, far outside what a double has

cdef double TENS[23]  # 10**0 .. 10**22: the powers of ten a double holds exactly
cdef uint64_t FIVES[MOST_POWER - LEAST_POWER + 1][2]  # 5**q as 128 bits, the first one set: high word, low word


cdef void fill_powers():
    """Filled when the module is loaded: 258 hexadecimal words in the source could be checked by nobody."""
    for power in range(23):
        TENS[power] = float(10**power)
    for power in range(LEAST_POWER, MOST_POWER + 1):
        bits = truncated_power(power)
        FIVES[power - LEAST_POWER][0] = bits >> 64
        FIVES[power - LEAST_POWER][1] = bits & 0xFFFF_FFFF_FFFF_FFFF


cdef object truncated_power(power):
    """The first 128 bits of 5**power; rounded up where the power is negative, as the algorithm's proof wants it."""
    if power >= 0:
        bits = 5**power
        length = bits.bit_length()
        return bits << (128 - length) if length <= 128 else bits >> (length - 128)
    divisor = 5**-power
    length = (divisor - 1).bit_length()
    if power >= -27:
        return (1 << (length + 127)) // divisor + 1
    bits = (1 << (2 * length + 128)) // divisor + 1
    return bits >> (bits.bit_length() - 128)


fill_powers()


cdef inline bint eisel_lemire(uint64_t mantissa, int power, double *out) noexcept nogil:
    """``mantissa * 10**power``, mantissa not 0. False when 128 bits do not decide the rounding. With the powers there are, no
    result is near the least or greatest double."""
    cdef uint64_t low, high, low2, high2, m
    cdef int zeros, upper, exponent
    if power < LEAST_POWER or power > MOST_POWER:
        return False
    zeros = leading_zeros(mantissa)
    mantissa <<= zeros
    multiply_wide(mantissa, FIVES[power - LEAST_POWER][0], &low, &high)
    if (high & 0x1FF) == 0x1FF:  # the bits below the result's are all set: the second half of the power may carry into them
        multiply_wide(mantissa, FIVES[power - LEAST_POWER][1], &low2, &high2)
        low += high2
        if high2 > low:
            high += 1
    if low == 0xFFFF_FFFF_FFFF_FFFFULL and (power < -27 or power > 55):
        return False
    upper = <int>(high >> 63)
    m = high >> (upper + 9)  # 54 bits: the result's 53 and one to round by
    exponent = (((152170 + 65536) * power) >> 16) + 63 + upper - zeros + 1023  # floor(log2(10**power)) by fixed point
    if low <= 1 and -4 <= power <= 23 and (m & 3) == 1 and (m << (upper + 9)) == high:
        m &= ~(<uint64_t>1)  # exactly half way: round to even, so down
    m += m & 1
    m >>= 1
    if m >= (<uint64_t>1 << 53):
        m = <uint64_t>1 << 52
        exponent += 1
    m = (m & ~(<uint64_t>1 << 52)) | (<uint64_t>exponent << 52)
    memcpy(out, &m, 8)
    return True


cdef inline bint nearest_double(uint64_t mantissa, int power, double *out) noexcept nogil:
    """``mantissa * 10**power`` rounded once, or False when it cannot be decided here."""
    cdef double value
    if mantissa <= (<uint64_t>1 << 53) and -22 <= power <= 22:  # both factors are exact, so one operation rounds once
        value = <double>mantissa
        out[0] = value / TENS[-power] if power < 0 else value * TENS[power]
        return True
    if mantissa == 0:
        out[0] = 0.0
        return True
    return eisel_lemire(mantissa, power, out)


cdef inline uint64_t take_digits(const char **at, uint64_t value) noexcept nogil:
    """Reads on decimal digits behind ``value``, modulo 2**64: the caller counts them."""
    cdef uint32_t digit
    while True:
        digit = <uint32_t><uint8_t>at[0][0] - c'0'
        if digit > 9:
            return value
        value = value * 10 + digit
        at[0] += 1


cdef const char *take_exponent(const char *p, int *power) noexcept nogil:
    """Adds what stands behind an ``e`` to ``power``; NULL when no digit does."""
    cdef bint negative = p[0] == c'-'
    cdef int exponent = 0
    cdef const char *digits
    if p[0] == c'-' or p[0] == c'+':
        p += 1
    digits = p
    while c'0' <= p[0] <= c'9':
        if exponent < MOST_EXPONENT:
            exponent = exponent * 10 + (p[0] - c'0')
        p += 1
    if p == digits:
        return NULL
    power[0] += -exponent if negative else exponent
    return p


cdef const char *take_long_number(const char *start, const char *stop, double *out) noexcept nogil:
    """strtod for [start, stop), whose syntax is known to be plain: no hex, inf or nan gets here."""
    cdef char *end
    if stop - start > MOST_DIGITS:
        return NULL
    out[0] = strtod(start, &end)
    # It may stop early where the locale has a decimal comma: the slow path knows no locale.
    if end != stop or out[0] - out[0] != 0:
        return NULL
    return stop


cdef inline const char *take_number(const char *p, double *out) noexcept nogil:
    """Reads ``[+-]digits[.digits][e[+-]digits]`` and returns the byte behind it; NULL leaves the line to the slow path.

    Some byte that no number has must follow before the buffer ends.
    """
    cdef const char *start = p
    cdef const char *digits
    cdef const char *stop
    cdef uint64_t mantissa
    cdef Py_ssize_t count
    cdef int power = 0
    cdef bint negative = p[0] == c'-'
    if negative or p[0] == c'+':
        p += 1
    digits = p
    mantissa = take_digits(&p, 0)
    count = p - digits
    if p[0] == c'.':
        p += 1
        digits = p
        mantissa = take_digits(&p, mantissa)
        power = <int>(digits - p)
        count += p - digits
    if count == 0:
        return NULL
    if rare((p[0] | 32) == c'e'):
        p = take_exponent(p + 1, &power)
        if p == NULL or p - start > MOST_DIGITS:  # zeros may make an exponent as long as one likes
            return NULL
    if rare(count > EXACT_DIGITS) or rare(not nearest_double(mantissa, power, out)):
        return take_long_number(start, p, out)
    if negative:
        out[0] = -out[0]
    return p


def parse_number(bytes text not None):
    """The double the fast path reads in ``text``, or None where it leaves the line to the slow path."""
    cdef double value
    cdef bytes line = text + b" "
    cdef const char *p = PyBytes_AS_STRING(line)
    cdef const char *end = take_number(p, &value)
    return value if end != NULL and end == p + len(text) else None
