# Unsigned integers in Rice codes: blocks of 64, each with the parameter k that makes it shortest.
#
# A value u is u >> k zeros, a one, and the low k bits of u. Where that would take ESCAPE zeros or more, it is ESCAPE zeros, a
# one, 6 bits of (length - 1) and that many bits of u: an outlier costs 91 bits at most.

cdef enum:
    BLOCK = 64
    ESCAPE = 20
    MAX_K = 62
    ALL_ZERO = 63  # in place of k: the block's values are 0 and take no bits
    FAST_K = 57 - ESCAPE  # up to here a value that does not escape is among the 57 bits of a peek
    MAX_RICE_BYTES = 12  # of one value, its share of block headers included


cdef inline uint64_t rice_cost(const uint64_t *u, int n, int k, uint64_t ored) noexcept nogil:
    """Bits that ``n`` values take with parameter ``k``; ``ored`` is all of them or-ed."""
    cdef uint64_t quotients = 0, quotient
    cdef int i
    if ored >> k < ESCAPE:  # Fast path: nothing escapes.
        for i in range(n):
            quotients += u[i] >> k
        return quotients + <uint64_t>n * (k + 1)
    for i in range(n):
        quotient = u[i] >> k
        quotients += quotient + k + 1 if quotient < ESCAPE else <uint64_t>(ESCAPE + 7 + bit_length(u[i]))
    return quotients


cdef int choose_k(const uint64_t *u, int n, int before) noexcept nogil:
    """The cheapest parameter near log2(mean); ``before``, that of the block before, wins when a change would not pay."""
    cdef uint64_t ored = 0, best, cost
    cdef double total = 0
    cdef int i, k
    for i in range(n):
        ored |= u[i]
        total += <double>u[i]
    if ored == 0:
        return ALL_ZERO
    k = max(0, min(bit_length(<uint64_t>(total / n * 0.69)) - 1, MAX_K))
    best = rice_cost(u, n, k, ored)
    while k > 0:
        cost = rice_cost(u, n, k - 1, ored)
        if cost >= best:
            break
        best, k = cost, k - 1
    while k < MAX_K:
        cost = rice_cost(u, n, k + 1, ored)
        if cost >= best:
            break
        best, k = cost, k + 1
    if 0 <= before <= MAX_K and before != k and rice_cost(u, n, before, ored) <= best + 6:
        return before
    return k


cdef inline void put_rice(BitWriter *w, uint64_t u, int k) noexcept nogil:
    cdef uint64_t quotient = u >> k
    cdef int length
    if quotient >= ESCAPE:
        length = bit_length(u)
        put_bits(w, <uint64_t>1 << ESCAPE | <uint64_t>(length - 1) << (ESCAPE + 1), ESCAPE + 7)
        put_wide(w, u, length)
        return
    length = <int>quotient + 1
    u &= (<uint64_t>1 << k) - 1
    if length + k <= 56:  # Fast path.
        put_bits(w, (<uint64_t>1 << quotient) | (u << length), length + k)
        return
    put_bits(w, <uint64_t>1 << quotient, length)
    put_wide(w, u, k)


cdef uint8_t *encode_rice(const uint64_t *u, int n, uint8_t *out) noexcept nogil:
    """``n`` values to at most 12 * n + 8 bytes from ``out``; returns the end."""
    cdef BitWriter w
    cdef int begin, end = 0, i, k, before = -1
    w.at, w.bits, w.filled = out, 0, 0
    while end < n:
        begin, end = end, min(end + BLOCK, n)
        k = choose_k(u + begin, end - begin, before)
        if before < 0:
            put_bits(&w, k, 6)
        elif k == before:
            put_bits(&w, 1, 1)
        else:
            put_bits(&w, <uint64_t>k << 1, 7)
        before = k
        if k != ALL_ZERO:
            for i in range(begin, end):
                put_rice(&w, u[i], k)
    return finish_bits(&w)


cdef inline uint64_t get_rice(BitReader *r, int k) noexcept nogil:
    cdef uint64_t bits = peek_bits(r)
    cdef int quotient = trailing_zeros(bits | <uint64_t>1 << ESCAPE)
    if quotient == ESCAPE:
        r.position += ESCAPE + 1
        return get_wide(r, <int>get_bits(r, 6) + 1)
    if k <= FAST_K:  # Fast path: all bits are in what was peeked at.
        r.position += quotient + 1 + k
        return <uint64_t>quotient << k | (bits >> (quotient + 1) & ((<uint64_t>1 << k) - 1))
    r.position += quotient + 1
    return <uint64_t>quotient << k | get_wide(r, k)


cdef inline int get_rices(BitReader *r, uint64_t *u, int n, int k, int batch) noexcept nogil:
    """Values while 8 bytes can be read, ``batch`` of them (a constant) out of one load if they are in it. Returns how many.

    Shifting what was loaded is a third of the way from one value to the next that loading at its position would be.
    """
    cdef uint64_t bits, quotient, escaped, used, mask = (<uint64_t>1 << k) - 1
    cdef int done = 0, i
    while done + batch <= n and r.limit - r.at >= 8 + <int64_t>(r.position >> 3):
        bits = load_le64(r.at + (r.position >> 3)) >> (r.position & 7)
        escaped, used = 0, 0
        for i in range(batch):
            quotient = trailing_zeros(bits | <uint64_t>1 << 63)
            escaped |= quotient + 32 - ESCAPE  # 32 or more for those that escape
            bits = bits >> quotient >> 1
            u[done + i] = quotient << k | bits & mask
            bits >>= k
            used += quotient
        used += <uint64_t>(batch * (k + 1))
        if escaped < 32 and used <= 64 - (r.position & 7):
            r.position += used
            done += batch
        else:
            u[done] = get_rice(r, k)
            done += 1
    return done


cdef BitReader get_rice_block(BitReader r, uint64_t *u, int n, int k) noexcept nogil:
    """Takes and returns the reader by value: behind a pointer each store to ``u`` would make it load anew."""
    cdef int i = 0
    if k == ALL_ZERO:
        memset(u, 0, n * sizeof(uint64_t))
        return r
    # Values take k + 2 bits and a little more.
    if k <= 3:
        i = get_rices(&r, u, n, k, 8)
    elif k <= 9:
        i = get_rices(&r, u, n, k, 4)
    elif k <= 14:
        i = get_rices(&r, u, n, k, 3)
    elif k <= 22:
        i = get_rices(&r, u, n, k, 2)
    for i in range(i, n):
        u[i] = get_rice(&r, k)
    return r


cdef Status decode_rice(Reader *reader, uint64_t *u, int n) noexcept nogil:
    """``n`` values. Past the end it reads on, or 0 past the limit: the work is bounded by ``n`` whatever the bytes are."""
    cdef BitReader r
    cdef int begin, end = 0, k = -1
    r.at, r.limit, r.position = reader.at, reader.limit, 0
    while end < n:
        begin, end = end, min(end + BLOCK, n)
        if k < 0 or get_bits(&r, 1) == 0:
            k = <int>get_bits(&r, 6)
        r = get_rice_block(r, u + begin, end - begin, k)
    if r.position > <uint64_t>(reader.end - reader.at) * 8:
        return CUT
    reader.at += (r.position + 7) >> 3
    return OK
