# One line of the plaintext protocol, as nearly every sender writes it: path SP number SP seconds[.digits] [CR] LF

cdef enum:
    MOST_FRACTION = 32  # digits behind the dot of a time; a longer one is the slow path's

cdef struct Line:
    const char *path
    uint64_t hash
    double value
    uint32_t length
    uint32_t time
    Window *window  # where the sample belongs: set once the path is found
    uint64_t *cell


cdef inline const char *take_path(const char *p, const char *end, const Table *table, Line *line) noexcept nogil:
    """Looks for the first byte up to 0x20 and hashes on the way, 8 bytes a turn. A newline stands before ``end``."""
    cdef uint64_t word, found, hash = table.seed, key = table.key
    cdef uint32_t rest
    line.path = p
    while True:
        if usual(end - p >= 8):
            memcpy(&word, p, 8)
        else:
            word = 0
            memcpy(&word, p, end - p)
        # The lowest byte whose top bit comes up is the first below 0x21; those above it may be wrong.
        found = (word - 0x2121_2121_2121_2121ULL) & ~word & 0x8080_8080_8080_8080ULL
        if found:
            break
        hash = mix(hash, word, key)
        p += 8
    rest = trailing_zeros(found) >> 3
    if rest:
        hash = mix(hash, word & ((<uint64_t>1 << (8 * rest)) - 1), key)
    p += rest
    line.length = <uint32_t>(p - line.path)
    line.hash = mix(hash, line.length, key)
    return p


cdef inline const char *take_time(const char *p, Line *line) noexcept nogil:
    """Whole seconds below 4 * 10**9; a fraction is cut. NULL leaves the line to the slow path."""
    cdef const char *digits = p
    cdef Py_ssize_t count
    line.time = <uint32_t>take_digits(&p, 0)
    count = p - digits
    if rare(count == 0 or count > 10 or (count == 10 and digits[0] > c'3')):
        return NULL
    if p[0] == c'.':
        p += 1
        digits = p
        take_digits(&p, 0)
        if p - digits > MOST_FRACTION:
            return NULL
    return p


cdef inline const char *take_line(const char *p, const char *end, const Table *table, Line *line) noexcept nogil:
    """Reads the line at ``p`` and returns the next one's begin; NULL leaves it to the slow path."""
    p = take_path(p, end, table, line)
    if rare(p[0] != c' ' or line.length == 0 or line.length > MAX_PATH):
        return NULL
    p = take_number(p + 1, &line.value)
    if rare(p == NULL or p[0] != c' '):
        return NULL
    p = take_time(p + 1, line)
    if rare(p == NULL):
        return NULL
    if p[0] == c'\r':
        p += 1
    return p + 1 if usual(p[0] == c'\n') else NULL
