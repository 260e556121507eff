# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Strips: the chunks of one id in a block of several parts, behind a directory. The bytes: docs/formats/block.md."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cdef extern from *:
    int __builtin_popcount(unsigned int x) noexcept nogil

# The columns of an array of chunks.
cdef enum:
    STRIP = 0
    PART = 1
    BEGIN = 2
    END = 3
    FOUND = 4  # columns of what `locate` finds
    SOURCE = 4
    JOINED = 5  # columns of what `join` takes

# What is wrong with a strip; 0 is nothing.
cdef enum Status:
    OK
    CUT
    EMPTY
    BAD_MASK

cdef dict REASONS = {
    CUT: "its bytes end too early",
    EMPTY: "it has an empty chunk",
    BAD_MASK: "its mask names no part, or one that is not there",
}


# A strip that is read: its mask, and where the next length stands.
cdef struct Directory:
    const uint8_t *mask
    const uint8_t *at
    const uint8_t *end
    int64_t present


cdef inline int64_t mask_bytes(int64_t parts) noexcept nogil:
    """A block of one part needs no directories."""
    return (parts + 7) >> 3 if parts > 1 else 0


cdef Status open_directory(Directory *d, const uint8_t *at, const uint8_t *end, int64_t parts) noexcept nogil:
    cdef int64_t i, size = mask_bytes(parts)
    d.mask, d.at, d.end, d.present = at, at + size, end, 0
    if end - at < size:
        return CUT
    for i in range(size):
        d.present += __builtin_popcount(at[i])
    if d.present == 0 or (parts & 7 and at[size - 1] >> (parts & 7)):
        return BAD_MASK
    return OK


cdef inline Status next_length(Directory *d, int64_t *length) noexcept nogil:
    """A varint of at most 5 bytes: no chunk has 2^35."""
    cdef int shift = 0
    cdef uint8_t byte = 128
    length[0] = 0
    while byte >= 128:
        if d.at >= d.end or shift > 28:
            return CUT
        byte = d.at[0]
        d.at += 1
        length[0] |= <int64_t>(byte & 127) << shift
        shift += 7
    return OK


cdef Status skip_lengths(Directory *d, const uint8_t **chunks) noexcept nogil:
    """Where the first chunk begins: behind the lengths of all but the last one. ``d`` stays where it is."""
    cdef Directory ahead = d[0]
    cdef int64_t i, length
    cdef Status status
    for i in range(d.present - 1):
        status = next_length(&ahead, &length)
        if status:
            return status
    chunks[0] = ahead.at
    return OK


cdef inline void put(int64_t[:, ::1] found, int64_t n, int64_t strip, int64_t part, int64_t begin, int64_t length) noexcept nogil:
    found[n, STRIP], found[n, PART], found[n, BEGIN], found[n, END] = strip, part, begin, begin + length


cdef Status find_chunks(
    const uint8_t *data, int64_t begin, int64_t end, const uint8_t[::1] wanted, int64_t strip, int64_t[:, ::1] found, int64_t *n
) noexcept nogil:
    """Appends the wanted chunks of one strip of a block of several parts to ``found``."""
    cdef Directory directory
    cdef const uint8_t *chunk
    cdef int64_t part, length, seen = 0
    cdef Status status = open_directory(&directory, data + begin, data + end, wanted.shape[0])
    if status == OK:
        status = skip_lengths(&directory, &chunk)
    if status:
        return status
    for part in range(wanted.shape[0]):
        if not directory.mask[part >> 3] >> (part & 7) & 1:
            continue
        seen += 1
        length = directory.end - chunk
        if seen < directory.present:
            next_length(&directory, &length)
        if not 0 < length <= directory.end - chunk:
            return EMPTY if length == 0 else CUT
        if wanted[part]:
            put(found, n[0], strip, part, chunk - data, length)
            n[0] += 1
        chunk += length
    return OK


cdef int64_t find_whole(const int64_t[:, ::1] strips, int64_t[:, ::1] found) noexcept nogil:
    """In a block of one part a strip is its chunk."""
    cdef int64_t i
    for i in range(strips.shape[0]):
        put(found, i, i, 0, strips[i, 0], strips[i, 1] - strips[i, 0])
    return strips.shape[0]


def locate(
    const uint8_t[::1] data not None,
    const int64_t[:, ::1] strips not None,
    const uint8_t[::1] wanted not None,
    int64_t[:, ::1] found not None,
):
    """Where the chunks of strips are: fills rows of ``found`` (strip, part, begin, end), by strip and part; returns how many.

    Strip i is ``data[strips[i, 0]:strips[i, 1]]``; ``wanted`` has a byte for each part of the block, 0 for those to pass over.
    ``found`` has room for each wanted part of each strip. ValueError for strips that make no sense and arguments that do not
    fit; then ``found`` is undefined. Does not hold the GIL.
    """
    cdef int64_t i = 0, n = 0
    cdef Status status = OK
    check_strips(data.shape[0], strips, wanted, found)
    if strips.shape[0] == 0 or data.shape[0] == 0:
        return 0
    with nogil:
        if wanted.shape[0] == 1:
            n = find_whole(strips, found)
        else:
            for i in range(strips.shape[0]):
                status = find_chunks(&data[0], strips[i, 0], strips[i, 1], wanted, i, found, &n)
                if status:
                    break
    if status:
        raise ValueError(f"strip {i} at byte {strips[i, 0]}: {REASONS[status]}")
    return n


# -- writing -------------------------------------------------------------------------------------------------------------

# The bytes that chunks are copied from.
cdef struct Source:
    const uint8_t *bytes
    int64_t size


cdef inline int64_t varint_bytes(int64_t value) noexcept nogil:
    cdef int64_t size = 1
    while value >= 128:
        value >>= 7
        size += 1
    return size


cdef inline uint8_t *put_varint(uint8_t *at, int64_t value) noexcept nogil:
    while value >= 128:
        at[0] = <uint8_t>(value | 128)
        at += 1
        value >>= 7
    at[0] = <uint8_t>value
    return at + 1


cdef inline bint is_last(const int64_t[:, ::1] chunks, int64_t i) noexcept nogil:
    """Whether chunk ``i`` is the last one of its strip."""
    return i + 1 == chunks.shape[0] or chunks[i + 1, STRIP] != chunks[i, STRIP]


cdef int64_t strip_bytes(const int64_t[:, ::1] chunks, int64_t parts) noexcept nogil:
    """Of all strips together."""
    cdef int64_t i, size = 0
    for i in range(chunks.shape[0]):
        size += chunks[i, END] - chunks[i, BEGIN]
        if is_last(chunks, i):
            size += mask_bytes(parts)
        else:
            size += varint_bytes(chunks[i, END] - chunks[i, BEGIN])
    return size


cdef int64_t join_strip(
    const Source *sources, const int64_t[:, ::1] chunks, int64_t i, int64_t parts, uint8_t **out
) noexcept nogil:
    """Writes the strip whose first chunk is ``i``; returns the first chunk of the next one."""
    cdef int64_t first = i, size = mask_bytes(parts)
    cdef uint8_t *mask = out[0]
    memset(mask, 0, size)
    out[0] += size
    while not is_last(chunks, i):
        out[0] = put_varint(out[0], chunks[i, END] - chunks[i, BEGIN])
        i += 1
    for i in range(first, i + 1):
        if size:
            mask[chunks[i, PART] >> 3] |= 1 << (chunks[i, PART] & 7)
        memcpy(out[0], sources[chunks[i, SOURCE]].bytes + chunks[i, BEGIN], chunks[i, END] - chunks[i, BEGIN])
        out[0] += chunks[i, END] - chunks[i, BEGIN]
    return i + 1


def join(list sources not None, const int64_t[:, ::1] chunks not None, int64_t parts, int64_t[::1] ends not None):
    """The strips of a block of ``parts`` parts, back to back; fills ``ends``: strip i is the bytes up to ``ends[i]``.

    ``chunks`` has rows (strip, part, begin, end, source): a chunk is ``sources[source][begin:end]``. Rows ascend by strip and
    part; each strip has one. ValueError for arguments that do not fit. Does not hold the GIL.
    """
    cdef int64_t i = 0, strip = 0
    cdef Source *found
    cdef uint8_t *out
    cdef uint8_t *begin
    if chunks.shape[0] == 0 and ends.shape[0] == 0:
        return b""
    found = <Source *>malloc((len(sources) + 1) * sizeof(Source))
    if found == NULL:
        raise MemoryError(f"no memory for {len(sources)} sources")
    try:
        open_sources(sources, found)
        check_chunks(found, len(sources), chunks, parts, ends.shape[0])
        joined = PyBytes_FromStringAndSize(NULL, strip_bytes(chunks, parts))
        begin = out = <uint8_t *>PyBytes_AS_STRING(joined)
        with nogil:
            for strip in range(ends.shape[0]):
                i = join_strip(found, chunks, i, parts, &out)
                ends[strip] = out - begin
        return joined
    finally:
        free(found)


# -- checks --------------------------------------------------------------------------------------------------------------

cdef int check_strips(int64_t size, const int64_t[:, ::1] strips, const uint8_t[::1] wanted, int64_t[:, ::1] found) except -1:
    cdef int64_t i, room = 0
    if strips.shape[1] != 2 or found.shape[1] != FOUND:
        raise ValueError(f"got strips of {strips.shape[1]} and room of {found.shape[1]} columns; want 2 and {FOUND}")
    for i in range(wanted.shape[0]):
        room += wanted[i] != 0
    if wanted.shape[0] == 0 or found.shape[0] < strips.shape[0] * (room if wanted.shape[0] > 1 else 1):
        raise ValueError(f"got room for {found.shape[0]} chunks of {strips.shape[0]} strips of {wanted.shape[0]} parts")
    for i in range(strips.shape[0]):
        if not 0 <= strips[i, 0] < strips[i, 1] <= size:
            raise ValueError(f"strip {i} is at {strips[i, 0]}..{strips[i, 1]} of {size} bytes")
    return 0


cdef int open_sources(list sources, Source *found) except -1:
    """The addresses are good for as long as the objects live."""
    cdef const uint8_t[::1] view
    cdef int64_t i
    for i in range(len(sources)):
        view = sources[i]
        found[i].bytes, found[i].size = (&view[0] if view.shape[0] else NULL), view.shape[0]
    return 0


cdef int check_chunks(const Source *sources, int64_t n, const int64_t[:, ::1] chunks, int64_t parts, int64_t strips) except -1:
    cdef int64_t i, strip = -1, part = -1
    if chunks.shape[1] != JOINED or parts < 1:
        raise ValueError(f"got chunks of {chunks.shape[1]} columns for {parts} parts; want {JOINED} and at least 1")
    for i in range(chunks.shape[0]):
        if chunks[i, STRIP] != strip:
            strip, part = strip + 1, -1
        if chunks[i, STRIP] != strip or not part < chunks[i, PART] < parts:
            raise ValueError(f"chunk {i} is part {chunks[i, PART]} of strip {chunks[i, STRIP]}; want all strips, parts ascending")
        part = chunks[i, PART]
        if not (0 <= chunks[i, SOURCE] < n and 0 <= chunks[i, BEGIN] < chunks[i, END] <= sources[chunks[i, SOURCE]].size):
            raise ValueError(f"chunk {i} is at {chunks[i, BEGIN]}..{chunks[i, END]} of source {chunks[i, SOURCE]} of {n}")
    if strip + 1 != strips:
        raise ValueError(f"got chunks of {strip + 1} strips; want {strips}")
    return 0
