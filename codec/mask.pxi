# A row of n booleans: lengths of runs in Rice codes, or a bitmap where that is shorter.

cdef uint8_t *encode_mask(const uint8_t *mask, int n, uint8_t *out, uint64_t *runs) noexcept nogil:
    """``n`` bytes of 0 or 1, not all the same, to at most 12 * n + 18 bytes; ``runs`` has room for ``n``.

    The first run is of ones (and may be empty); the last is left out, for it is what remains.
    """
    cdef int i, count = 0, length = 0
    cdef uint8_t current = 1
    cdef uint8_t *end
    cdef int bitmap = (n + 7) >> 3
    for i in range(n):
        if mask[i] != current:
            runs[count] = length
            count += 1
            current, length = mask[i], 0
        length += 1
    end = encode_rice(runs, count, put_varint(out, count))
    if end - out <= bitmap:
        return end
    out[0] = 0
    memset(out + 1, 0, bitmap)
    for i in range(n):
        out[1 + (i >> 3)] |= mask[i] << (i & 7)
    return out + 1 + bitmap


cdef Status decode_bitmap(Reader *reader, uint8_t *mask, int n) noexcept nogil:
    cdef int i, bytes_ = (n + 7) >> 3
    if reader.end - reader.at < bytes_:
        return CUT
    for i in range(n):
        mask[i] = reader.at[i >> 3] >> (i & 7) & 1
    reader.at += bytes_
    return OK


cdef Status decode_mask(Reader *reader, uint8_t *mask, int n, uint64_t *runs) noexcept nogil:
    cdef uint64_t count
    cdef Status status
    cdef int i, filled = 0
    cdef uint8_t current = 1
    if get_varint(reader, &count):
        return CUT
    if count == 0:
        return decode_bitmap(reader, mask, n)
    if count > <uint64_t>n:
        return BAD_MASK
    status = decode_rice(reader, runs, <int>count)
    if status:
        return status
    for i in range(<int>count):
        if runs[i] > <uint64_t>(n - filled):
            return BAD_MASK
        memset(mask + filled, current, runs[i])
        filled += <int>runs[i]
        current ^= 1
    memset(mask + filled, current, n - filled)
    return OK
