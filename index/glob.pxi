# Globs: one segment against ``*``, ``?`` and ``[...]``, over UTF-8.

cdef enum:
    ALTERNATIVE = 0x1F  # between the alternatives of a segment

cdef inline uint32_t width(const uint8_t *text, uint32_t left) noexcept nogil:
    """Bytes of the UTF-8 code point that starts here."""
    cdef uint8_t lead = text[0]
    cdef uint32_t bytes = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    return min(bytes, left)


cdef uint32_t code_point(const uint8_t *text, uint32_t bytes) noexcept nogil:
    cdef uint32_t value, i
    if bytes == 1:
        return text[0]
    value = text[0] & (0x7F >> bytes)
    for i in range(1, bytes):
        value = value << 6 | (text[i] & 0x3F)
    return value


cdef bint in_class(const uint8_t *glob, uint32_t size, uint32_t *at, uint32_t point) noexcept nogil:
    """Is ``point`` in the class whose ``[`` is at ``at``? Moves ``at`` behind its ``]``; a ``]`` that comes first is a member."""
    cdef uint32_t i = at[0] + 1, low, high, bytes, first
    cdef bint inside = False, negated = i < size and (glob[i] == b"!" or glob[i] == b"^")
    i += negated
    first = i
    while i < size and (glob[i] != b"]" or i == first):
        bytes = width(glob + i, size - i)
        low = high = code_point(glob + i, bytes)
        i += bytes
        if i + 1 < size and glob[i] == b"-" and glob[i + 1] != b"]":
            bytes = width(glob + i + 1, size - i - 1)
            high = code_point(glob + i + 1, bytes)
            i += 1 + bytes
        inside |= low <= point <= high
    at[0] = i + 1
    return inside != negated if i < size else False


cdef bint matches(const uint8_t *glob, uint32_t size, const uint8_t *text, uint32_t length) noexcept nogil:
    """``*``, ``?`` and ``[...]`` over UTF-8. Only the last star is ever taken back, so the time is size * length at most."""
    cdef uint32_t i = 0, j = 0, star = NIL, mark = 0, behind, bytes
    while j < length:
        if i < size and glob[i] == b"*":
            while i < size and glob[i] == b"*":
                i += 1
            if i == size:
                return True
            star, mark = i, j
            continue
        bytes = width(text + j, length - j)
        if i < size:
            behind = i
            if glob[i] == b"?":
                i += 1
                j += bytes
                continue
            if glob[i] == b"[":
                if in_class(glob, size, &behind, code_point(text + j, bytes)):
                    i = behind
                    j += bytes
                    continue
            elif glob[i] == text[j]:
                i += 1
                j += 1
                continue
        if star == NIL:
            return False
        mark += width(text + mark, length - mark)
        i, j = star, mark
    while i < size and glob[i] == b"*":
        i += 1
    return i == size


cdef inline uint32_t until(const uint8_t *text, uint32_t size, uint32_t start, uint8_t stop) noexcept nogil:
    """Where ``stop`` comes next, or ``size``."""
    while start < size and text[start] != stop:
        start += 1
    return start


cdef bint matches_any(const uint8_t *globs, uint32_t size, const uint8_t *text, uint32_t length) noexcept nogil:
    cdef uint32_t start = 0, end
    while start <= size:
        end = until(globs, size, start, ALTERNATIVE)
        if matches(globs + start, end - start, text, length):
            return True
        start = end + 1
    return False


cdef bint is_literal(const uint8_t *globs, uint32_t size) noexcept nogil:
    cdef uint32_t i
    for i in range(size):
        if globs[i] == b"*" or globs[i] == b"?" or globs[i] == b"[":
            return False
    return True
