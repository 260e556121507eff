# Sorting: nodes by the text they stand for.

cdef struct Item:  # a text to sort by and the node it stands for
    uint64_t key
    const uint8_t *text
    uint32_t length
    uint32_t node


cdef inline Item item_of(const uint8_t *text, uint32_t length, uint8_t end, uint32_t node) noexcept nogil:
    """``key`` is the first eight bytes of the text with ``end`` behind it."""
    cdef Item item
    cdef uint32_t i
    item.text = text
    item.length = length
    item.node = node
    item.key = 0
    for i in range(8):
        item.key = item.key << 8 | (text[i] if i < length else end if i == length else 0)
    return item


cdef inline int compare(const Item *a, const Item *b, uint8_t end) noexcept nogil:
    cdef uint32_t common = min(a.length, b.length)
    cdef int order
    if a.key != b.key:
        return -1 if a.key < b.key else 1
    if common <= 8 and a.length == b.length:
        return 0
    order = memcmp(a.text, b.text, common)
    if order or a.length == b.length:
        return order
    if a.length < b.length:
        return -1 if end < b.text[common] else 1
    return 1 if end < a.text[common] else -1


cdef void merge_sort(Item *items, Item *spare, uint64_t count, uint8_t end) noexcept nogil:
    cdef uint64_t half = count // 2, left = 0, right = half, out = 0
    if count < 2:
        return
    merge_sort(items, spare, half, end)
    merge_sort(items + half, spare, count - half, end)
    if compare(&items[half - 1], &items[half], end) <= 0:
        return
    memcpy(spare, items, half * sizeof(Item))
    while left < half:
        if right < count and compare(&items[right], &spare[left], end) < 0:
            items[out] = items[right]
            right += 1
        else:
            items[out] = spare[left]
            left += 1
        out += 1


cdef void sort_items(Item *items, Item *spare, uint64_t count, uint8_t end) noexcept nogil:
    """Children come youngest first, and names often arrive in order: turn the list round before merging."""
    cdef uint64_t i
    cdef Item item
    if count > 1 and compare(&items[0], &items[count - 1], end) > 0:
        for i in range(count // 2):
            item = items[i]
            items[i] = items[count - 1 - i]
            items[count - 1 - i] = item
    merge_sort(items, spare, count, end)
