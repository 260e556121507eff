# A frame of the names log, as the scan finds it and the trie takes it: a row of FRAME in frames.py.

cdef enum:  # kinds
    ADD = 1
    SEEN = 2
    TOMBSTONE = 3
    RENAME = 4

cdef enum:
    LONGEST_PATH = 1024  # schema.path.MAX_PATH_BYTES

cdef struct Frame:  # offsets count from the start of the bytes scanned
    uint64_t start
    uint64_t end
    uint64_t ids
    uint64_t lengths
    uint64_t policy
    uint64_t paths
    uint64_t paths_size
    uint32_t count
    uint32_t day
    uint32_t highest
    uint16_t kind
    uint16_t policy_size


cdef inline uint32_t u32(const uint8_t *data) noexcept nogil:
    cdef uint32_t value
    memcpy(&value, data, 4)
    return value


cdef inline uint32_t u16(const uint8_t *data) noexcept nogil:
    cdef uint16_t value
    memcpy(&value, data, 2)
    return value
