# Bits and varints, little-endian, least significant bit first.

from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    #define CADENT_LE64(x) __builtin_bswap64(x)
    #else
    #define CADENT_LE64(x) (x)
    #endif
    static inline uint64_t load_le64(const uint8_t *at) { uint64_t x; memcpy(&x, at, 8); return CADENT_LE64(x); }
    static inline void store_le64(uint8_t *at, uint64_t x) { x = CADENT_LE64(x); memcpy(at, &x, 8); }
    static inline int bit_length(uint64_t x) { return x ? 64 - __builtin_clzll(x) : 0; }
    static inline int trailing_zeros(uint64_t x) { return __builtin_ctzll(x); }  /* x is not 0 */
    """
    uint64_t load_le64(const uint8_t *at) noexcept nogil
    void store_le64(uint8_t *at, uint64_t x) noexcept nogil
    int bit_length(uint64_t x) noexcept nogil
    int trailing_zeros(uint64_t x) noexcept nogil


# What a decoding step returns; the texts stand in _chunk.pyx.
cdef enum Status:
    OK
    CUT  # the bytes end too early
    BAD_FLAGS
    BAD_MASK
    BAD_PREDICTOR
    BAD_SCALE
    BAD_COUNT
    BAD_LENGTH


# The bits of a float64. Integer arithmetic on them is done in uint64_t, where overflow wraps by definition.
ctypedef union Bits:
    double f
    int64_t i
    uint64_t u


cdef inline uint64_t zigzag(uint64_t x) noexcept nogil:
    """0, -1, 1, -2, 2 ... of int64 to 0, 1, 2, 3, 4 ..."""
    return (x << 1) ^ <uint64_t>(<int64_t>x >> 63)


cdef inline uint64_t unzigzag(uint64_t u) noexcept nogil:
    return (u >> 1) ^ (0 - (u & 1))


cdef inline uint8_t *put_varint(uint8_t *at, uint64_t value) noexcept nogil:
    """LEB128: seven bits a byte, low ones first, the top bit says that more follow. At most 10 bytes."""
    while value >= 128:
        at[0] = <uint8_t>(value | 128)
        at += 1
        value >>= 7
    at[0] = <uint8_t>value
    return at + 1


# The bytes of a chunk, or of a part of it, that are still to be decoded. Up to ``limit`` memory can be read.
cdef struct Reader:
    const uint8_t *at
    const uint8_t *end
    const uint8_t *limit


cdef inline Status get_byte(Reader *reader, uint8_t *value) noexcept nogil:
    if reader.at >= reader.end:
        return CUT
    value[0] = reader.at[0]
    reader.at += 1
    return OK


cdef inline Status get_varint(Reader *reader, uint64_t *value) noexcept nogil:
    cdef int shift = 0
    cdef uint8_t byte = 128
    value[0] = 0
    while byte >= 128 and shift < 70:
        if get_byte(reader, &byte):
            return CUT
        value[0] |= <uint64_t>(byte & 127) << shift if shift < 64 else 0
        shift += 7
    return OK


cdef struct BitWriter:
    uint8_t *at
    uint64_t bits  # the byte at `at`, not yet full
    int filled  # how many of them are set: 0 to 7 between calls


cdef inline void put_bits(BitWriter *w, uint64_t value, int width) noexcept nogil:
    """At most 56 bits; ``value`` fits in ``width``. Stores 8 bytes: the buffer needs that much room behind it."""
    w.bits |= value << w.filled
    w.filled += width
    store_le64(w.at, w.bits)
    w.at += w.filled >> 3
    w.bits >>= w.filled & 0x38
    w.filled &= 7


cdef inline void put_wide(BitWriter *w, uint64_t value, int width) noexcept nogil:
    """At most 64 bits."""
    if width <= 56:
        put_bits(w, value, width)
        return
    put_bits(w, value << 32 >> 32, 32)
    put_bits(w, value >> 32, width - 32)


cdef inline uint8_t *finish_bits(BitWriter *w) noexcept nogil:
    """The byte after the last one written to."""
    return w.at + 1 if w.filled else w.at


cdef struct BitReader:
    const uint8_t *at
    const uint8_t *limit
    uint64_t position  # in bits from `at`; past the limit bits read as 0


cdef inline uint64_t peek_bits(BitReader *r) noexcept nogil:
    """The next bits; the low 57 are good."""
    cdef const uint8_t *byte = r.at + (r.position >> 3)
    if r.limit - byte >= 8:  # Fast path.
        return load_le64(byte) >> (r.position & 7)
    return peek_tail(byte, r.limit) >> (r.position & 7)


cdef inline uint64_t peek_tail(const uint8_t *byte, const uint8_t *limit) noexcept nogil:
    cdef uint64_t bits = 0
    cdef int shift = 0
    while byte < limit:
        bits |= <uint64_t>byte[0] << shift
        byte += 1
        shift += 8
    return bits


cdef inline uint64_t get_bits(BitReader *r, int width) noexcept nogil:
    """At most 56 bits."""
    cdef uint64_t bits = peek_bits(r) & ((<uint64_t>1 << width) - 1)
    r.position += width
    return bits


cdef inline uint64_t get_wide(BitReader *r, int width) noexcept nogil:
    """At most 64 bits."""
    cdef uint64_t low
    if width <= 56:
        return get_bits(r, width)
    low = get_bits(r, 32)
    return low | get_bits(r, width - 32) << 32
