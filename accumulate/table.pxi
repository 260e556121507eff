# Known paths: an open-addressed table of u64 slots over records that never move.
#
#   slot     tag (the hash's high 32 bits) << 32 | record's place + 1; 0 is empty. At most half of the slots are taken.
#   record   id u32, length u16, policy u8, alias u8, path bytes; padded to units of 64 bytes, so that most paths are
#            verified with a single cache line. A place is the record's first unit, counted over all blocks.
#   freed    a record that was removed, or the end of a block: policy FREED, id the next freed one of its size
#
# Other spellings of a path (raw tags, leading dots) are records of their own with the id of the canonical one. Records lie one
# behind the other without gaps.

cdef enum:
    UNIT = 64
    HEADER = 8
    BLOCK_UNITS = 1 << 16  # 4 MB a block
    MAX_BLOCKS = 4096  # 16 GB: far beyond any bound on paths, and places stay within 28 bits
    MAX_PATH = 1024  # schema.path.MAX_PATH_BYTES; a test compares them
    MOST_UNITS = (HEADER + MAX_PATH + UNIT - 1) // UNIT
    FIRST_SLOTS = 1 << 12
    FREED = 255  # policies are fewer

cdef struct Record:
    uint32_t id
    uint16_t length
    uint8_t policy
    uint8_t alias
    # the path follows

cdef struct Table:
    uint64_t *slots
    uint64_t mask  # number of slots - 1
    uint64_t seed  # both random at each start: senders cannot aim at one slot
    uint64_t key
    uint64_t records
    uint32_t units  # taken, over all blocks
    uint32_t[MOST_UNITS + 1] freed  # by units, place + 1 of the last freed record; 0: none
    char **blocks


cdef int table_open(Table *table, uint64_t seed, uint64_t key) noexcept nogil:
    table.seed = seed
    table.key = key | 1
    table.mask = FIRST_SLOTS - 1
    table.slots = <uint64_t *>calloc(FIRST_SLOTS, sizeof(uint64_t))
    table.blocks = <char **>calloc(MAX_BLOCKS, sizeof(char *))
    return OK if table.slots != NULL and table.blocks != NULL else NO_MEMORY


cdef void table_close(Table *table) noexcept nogil:
    cdef int block
    if table.blocks != NULL:
        for block in range(MAX_BLOCKS):
            free(table.blocks[block])
    free(table.blocks)
    free(table.slots)


cdef inline uint64_t mix(uint64_t hash, uint64_t word, uint64_t key) noexcept nogil:
    """One step of the hash. Both halves of a product with a secret factor: no pair of texts collides for every key."""
    cdef uint64_t low, high
    multiply_wide(hash ^ word, key, &low, &high)
    return low ^ high


cdef inline uint64_t hash_path(Table *table, const char *path, uint32_t length) noexcept nogil:
    """What ``take_path`` computes while it looks for the path's end."""
    cdef uint64_t hash = table.seed, word
    cdef uint32_t at = 0
    while length - at >= 8:
        memcpy(&word, path + at, 8)
        hash = mix(hash, word, table.key)
        at += 8
    if at < length:
        word = 0
        memcpy(&word, path + at, length - at)
        hash = mix(hash, word, table.key)
    return mix(hash, length, table.key)


cdef inline Record *record_at(Table *table, uint32_t place) noexcept nogil:
    return <Record *>(table.blocks[place // BLOCK_UNITS] + <size_t>(place % BLOCK_UNITS) * UNIT)


cdef inline char *path_of(Record *record) noexcept nogil:
    return <char *>record + HEADER


cdef inline void prefetch_slot(Table *table, uint64_t hash) noexcept nogil:
    prefetch(&table.slots[(hash >> 32) & table.mask])


cdef inline void prefetch_record(Table *table, uint64_t hash, uint32_t length) noexcept nogil:
    """Of the first slot alone: at half load that is the right one nearly always."""
    cdef uint64_t slot = table.slots[(hash >> 32) & table.mask]
    cdef char *record
    if (slot >> 32) == (hash >> 32) and slot != 0:
        record = <char *>record_at(table, <uint32_t>slot - 1)
        prefetch(record)
        if length > UNIT - HEADER:
            prefetch(record + UNIT)


cdef inline Record *table_find(Table *table, const char *path, uint32_t length, uint64_t hash) noexcept nogil:
    """The record of these bytes, each of them compared, or NULL."""
    cdef uint64_t at = (hash >> 32) & table.mask
    cdef uint64_t slot
    cdef Record *record
    while True:
        slot = table.slots[at]
        if slot == 0:
            return NULL
        if (slot >> 32) == (hash >> 32):
            record = record_at(table, <uint32_t>slot - 1)
            if record.length == length and memcmp(path_of(record), path, length) == 0:
                return record
        at = (at + 1) & table.mask


cdef inline void put_slot(uint64_t *slots, uint64_t mask, uint64_t slot) noexcept nogil:
    cdef uint64_t at = (slot >> 32) & mask
    while slots[at]:
        at = (at + 1) & mask
    slots[at] = slot


cdef int table_grow(Table *table) noexcept nogil:
    """Twice the slots. Tags hold all that is needed: no path is hashed again."""
    cdef uint64_t mask = table.mask * 2 + 1, at
    cdef uint64_t *slots = <uint64_t *>calloc(mask + 1, sizeof(uint64_t))
    if slots == NULL:
        return NO_MEMORY
    for at in range(table.mask + 1):
        if table.slots[at]:
            put_slot(slots, mask, table.slots[at])
    free(table.slots)
    table.slots = slots
    table.mask = mask
    return OK


cdef inline uint32_t units_of(uint32_t length) noexcept nogil:
    return (HEADER + length + UNIT - 1) // UNIT


cdef void free_record(Table *table, uint32_t place, uint32_t units) noexcept nogil:
    cdef Record *record = record_at(table, place)
    record.policy = FREED
    record.length = <uint16_t>(units * UNIT - HEADER)
    record.id = table.freed[units]
    table.freed[units] = place + 1


cdef int table_reserve(Table *table, uint32_t length, uint32_t *place) noexcept nogil:
    """Room for a record with a path of ``length`` bytes, within one block."""
    cdef uint32_t needed = units_of(length)
    cdef uint32_t first = table.units
    cdef uint32_t block
    if table.freed[needed]:
        place[0] = table.freed[needed] - 1
        table.freed[needed] = record_at(table, place[0]).id
        return OK
    if first % BLOCK_UNITS + needed > BLOCK_UNITS:
        table.units += BLOCK_UNITS - first % BLOCK_UNITS
        free_record(table, first, table.units - first)
        first = table.units
    block = first // BLOCK_UNITS
    if block >= MAX_BLOCKS:
        return NO_MEMORY
    if table.blocks[block] == NULL:
        table.blocks[block] = <char *>malloc(<size_t>BLOCK_UNITS * UNIT)
        if table.blocks[block] == NULL:
            return NO_MEMORY
    place[0] = first
    table.units = first + needed
    return OK


cdef int table_add(
    Table *table, const char *path, uint32_t length, uint64_t hash, uint32_t id, uint8_t policy, uint32_t *place
) noexcept nogil:
    """Adds a path that is not there; ``place`` is set to its record's."""
    cdef Record *record
    if (table.records + 1) * 2 > table.mask and table_grow(table) != OK:
        return NO_MEMORY
    if table_reserve(table, length, place) != OK:
        return NO_MEMORY
    record = record_at(table, place[0])
    record.id = id
    record.length = length
    record.policy = policy
    record.alias = False
    memcpy(path_of(record), path, length)
    put_slot(table.slots, table.mask, (hash & 0xFFFF_FFFF_0000_0000ULL) | (place[0] + 1))
    table.records += 1
    return OK


cdef void empty_slot(Table *table, uint64_t hole) noexcept nogil:
    """Backward shift: no slot is left where its probing would not come by."""
    cdef uint64_t at = hole, home
    while True:
        at = (at + 1) & table.mask
        if table.slots[at] == 0:
            break
        home = (table.slots[at] >> 32) & table.mask
        if ((at - home) & table.mask) >= ((at - hole) & table.mask):
            table.slots[hole] = table.slots[at]
            hole = at
    table.slots[hole] = 0


cdef void table_remove(Table *table, uint32_t place) noexcept nogil:
    """The record there is known no more."""
    cdef Record *record = record_at(table, place)
    cdef uint64_t slot = (hash_path(table, path_of(record), record.length) >> 32) & table.mask
    while <uint32_t>table.slots[slot] != place + 1:
        slot = (slot + 1) & table.mask
    empty_slot(table, slot)
    free_record(table, place, units_of(record.length))
    table.records -= 1


# -- paths that need no rewriting ----------------------------------------------------------------------------------------

cdef uint8_t PLAIN[256]  # bytes that schema.path.normalise leaves as they are; the dot is looked at apart


cdef void fill_plain():
    cdef int byte
    for byte in range(0x21, 0x7F):
        PLAIN[byte] = chr(byte) not in "*?[]{}(),\\;"


fill_plain()


cdef bint is_canonical(const char *path, uint32_t length) noexcept nogil:
    """Certainly equal to its canonical form: ASCII, no tags, no empty segment. Of any other path Python decides, and of the
    length the caller."""
    cdef uint32_t at
    cdef char before = c'.'
    for at in range(length):
        if not PLAIN[<uint8_t>path[at]] or (path[at] == c'.' and before == c'.'):
            return False
        before = path[at]
    return before != c'.'
