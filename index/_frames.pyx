# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Finds and checks the frames of a names log: one pass over the bytes, without the GIL.

The layout of a frame is in docs/formats/names-log.md.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

include "frame.pxi"

cdef enum:
    HEADER = 24
    MAGIC = 0x464E4443  # b"CDNF" read as a little-endian u32

FRAME_BYTES = sizeof(Frame)

cdef uint32_t[8][256] crc_table


cdef void fill_crc_table() noexcept:
    """CRC-32 as zlib has it, for eight bytes at a time."""
    cdef uint32_t byte, crc, bit, step
    for byte in range(256):
        crc = byte
        for bit in range(8):
            crc = (crc >> 1) ^ (<uint32_t>0xEDB88320 if crc & 1 else 0)
        crc_table[0][byte] = crc
    for byte in range(256):
        for step in range(1, 8):
            crc = crc_table[step - 1][byte]
            crc_table[step][byte] = (crc >> 8) ^ crc_table[0][crc & 0xFF]


fill_crc_table()


cdef uint32_t crc32(const uint8_t *data, uint64_t size) noexcept nogil:
    cdef uint32_t crc = 0xFFFFFFFF, low, high
    while size >= 8:
        memcpy(&low, data, 4)
        memcpy(&high, data + 4, 4)
        low ^= crc
        crc = (
            crc_table[7][low & 0xFF] ^ crc_table[6][low >> 8 & 0xFF]
            ^ crc_table[5][low >> 16 & 0xFF] ^ crc_table[4][low >> 24]
            ^ crc_table[3][high & 0xFF] ^ crc_table[2][high >> 8 & 0xFF]
            ^ crc_table[1][high >> 16 & 0xFF] ^ crc_table[0][high >> 24]
        )
        data += 8
        size -= 8
    while size > 0:
        crc = (crc >> 8) ^ crc_table[0][(crc ^ data[0]) & 0xFF]
        data += 1
        size -= 1
    return ~crc


cdef inline uint64_t whole_size(const uint8_t *frame, uint64_t left) noexcept nogil:
    """Bytes of the frame that starts here, padding included; 0 if no whole frame can start here."""
    cdef uint64_t size
    if left < HEADER or u32(frame) != MAGIC:
        return 0
    size = (HEADER + <uint64_t>u32(frame + 8) + 7) & ~<uint64_t>7
    return size if size <= left else 0


cdef bint read_columns(const uint8_t *data, Frame *frame) noexcept nogil:
    """Fill in where the columns of a frame lie; False if they do not fill its body exactly or a length is impossible."""
    cdef const uint8_t *header = data + frame.start
    cdef uint64_t body = u32(header + 8), used, total = 0
    cdef uint32_t i, length
    frame.kind = header[12]
    frame.policy_size = header[13]
    frame.count = u32(header + 16)
    frame.day = u32(header + 20)
    frame.ids = frame.start + HEADER
    frame.lengths = frame.ids + <uint64_t>4 * frame.count
    if frame.kind == SEEN or frame.kind == TOMBSTONE:
        return frame.policy_size == 0 and body == <uint64_t>4 * frame.count
    if frame.kind != ADD and frame.kind != RENAME:
        return False
    frame.policy = frame.lengths + <uint64_t>2 * frame.count
    frame.paths = frame.policy + frame.policy_size
    used = <uint64_t>6 * frame.count + frame.policy_size
    if used > body or (frame.kind == ADD) != (frame.policy_size > 0):
        return False
    frame.paths_size = body - used
    for i in range(frame.count):
        length = u16(data + frame.lengths + 2 * i)
        if length == 0 or length > LONGEST_PATH:
            return False
        total += length
    return total == frame.paths_size


cdef bint read_frame(const uint8_t *data, uint64_t start, uint64_t size, Frame *frame) noexcept nogil:
    cdef uint32_t i
    if crc32(data + start + 8, size - 8) != u32(data + start + 4):
        return False
    memset(frame, 0, sizeof(Frame))
    frame.start = start
    frame.end = start + size
    if not read_columns(data, frame):
        return False
    for i in range(frame.count):
        frame.highest = max(frame.highest, u32(data + frame.ids + 4 * i))
    return True


def scan(const uint8_t[::1] data, uint64_t begin):
    """The whole, valid frames that follow each other from byte ``begin`` of ``data``.

    Returns (rows, end): a bytearray of ``Frame`` structs whose offsets count from the start of ``data``, and the offset
    after the last of them. What lies at ``end``, if anything, is not a whole valid frame.
    """
    cdef uint64_t total = data.shape[0], end = begin, size, count = 0, i
    cdef const uint8_t *at
    cdef uint8_t[::1] rows
    cdef Frame *out
    if begin > total:
        raise ValueError(f"scan from {begin} in {total} bytes")
    if begin == total:
        return bytearray(), begin
    at = &data[0]
    with nogil:
        size = whole_size(at + end, total - end)
        while size:
            count += 1
            end += size
            size = whole_size(at + end, total - end)
    if count == 0:
        return bytearray(), begin
    table = bytearray(count * sizeof(Frame))
    rows = table
    out = <Frame *>&rows[0]
    end = begin
    with nogil:
        for i in range(count):
            size = whole_size(at + end, total - end)
            if not read_frame(at, end, size, out + i):
                count = i
                break
            end += size
    rows = None
    del table[count * sizeof(Frame):]
    return table, end
