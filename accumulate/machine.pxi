# What the compiler offers beyond C: prefetch, bit counts, the 128-bit product.

cdef extern from * nogil:
    """
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
      #error "the line kernel reads eight bytes at a time from the low byte on: little-endian machines only"
    #endif
    #define prefetch(address) __builtin_prefetch(address)
    #define trailing_zeros(word) __builtin_ctzll(word)
    #define leading_zeros(word) __builtin_clzll(word)
    #define usual(condition) __builtin_expect(!!(condition), 1)
    #define rare(condition) __builtin_expect(!!(condition), 0)
    static inline void multiply_wide(uint64_t a, uint64_t b, uint64_t *low, uint64_t *high) {
      unsigned __int128 product = (unsigned __int128)a * b;
      *low = (uint64_t)product;
      *high = (uint64_t)(product >> 64);
    }
    """
    void prefetch(const void *address)
    int trailing_zeros(uint64_t word)
    int leading_zeros(uint64_t word)
    bint usual(bint condition)
    bint rare(bint condition)
    void multiply_wide(uint64_t a, uint64_t b, uint64_t *low, uint64_t *high)
