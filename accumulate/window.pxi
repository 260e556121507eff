# Open windows: cells of 8 bytes in pages of 256 ids, allocated when an id of the page has its first sample.
#
#   cell     ABSENT, the bits of one sample, or MULTI | k: entry k of the window's multi array (schema/rows.py)
#
# The directory covers only the pages between the least and the greatest id touched, so that a window of few ids stays small.
# Pages never move: a cell's address holds for as long as its window is open.

cdef enum:
    PAGE_BITS = 8
    PAGE = 1 << PAGE_BITS
    FIRST_PAGES = 8
    FIRST_MULTIS = 16
    FIRST_WINDOWS = 16

cdef extern from * nogil:
    """
    #define ABSENT 0x7FF8000000000000ULL
    #define MULTI 0xFFFC000000000000ULL
    """
    const uint64_t ABSENT
    const uint64_t MULTI

cdef struct Multi:
    int64_t count
    double sum
    double min
    double max
    double last

cdef struct Window:
    uint32_t level
    uint32_t number  # time // step_s
    uint32_t start  # unix second
    uint32_t step_s
    uint32_t first_page
    uint32_t page_count
    uint64_t **pages
    Multi *multis
    uint32_t multi_count
    uint32_t multi_room
    uint64_t present  # cells that are not ABSENT
    uint64_t bytes  # all memory of this window
    double opened  # the clock when it was opened
    double touched  # the steady clock at its last sample

# All open windows, in order of opening, with a small hash over (level, number).
cdef struct Windows:
    Window **windows
    uint32_t count
    uint32_t room
    uint32_t *slots  # position + 1; 0 is empty
    uint32_t mask
    uint32_t newest  # unix second at which the latest window ever opened ends
    uint32_t newest_start  # unix second at which one begins at the latest: where steps differ, maybe another one
    uint64_t bytes
    double now
    double steady

# A row of schema.head.HEAD_POINT.
cdef packed struct HeadPoint:
    uint32_t index
    uint32_t step_s
    int64_t time
    Multi point

# The finest level of a policy, and which times it takes: [oldest, oldest + span].
cdef struct Base:
    uint32_t level
    uint32_t step_s
    uint32_t oldest
    uint32_t span
    Window *recent  # the window of the last sample: fast path

# Written by ``Kernel.describe``: OPEN_WINDOW in closing.py.
cdef packed struct OpenWindow:
    uint32_t level
    uint32_t number
    uint64_t bytes
    uint64_t present
    double opened
    double touched


# -- one window ----------------------------------------------------------------------------------------------------------

cdef Window *window_create(uint32_t level, uint32_t number, uint32_t step_s) noexcept nogil:
    cdef Window *window = <Window *>calloc(1, sizeof(Window))
    if window != NULL:
        window.level = level
        window.number = number
        window.start = number * step_s
        window.step_s = step_s
        window.bytes = sizeof(Window)
    return window


cdef void window_free(Window *window) noexcept nogil:
    cdef uint32_t page
    if window != NULL:
        for page in range(window.page_count):
            free(window.pages[page])
        free(window.pages)
        free(window.multis)
        free(window)


cdef int directory_cover(Window *window, uint32_t page) noexcept nogil:
    """Widens the directory to ``page``, by at least half of its size in that direction."""
    cdef uint32_t first = window.first_page, stop = first + window.page_count
    cdef uint32_t ahead = window.page_count // 2
    cdef uint64_t **pages
    if window.page_count == 0:
        first = page
        stop = page + FIRST_PAGES
    elif page < first:
        first = page - min(page, ahead)
    else:
        stop = page + 1 + ahead
    pages = <uint64_t **>calloc(stop - first, sizeof(uint64_t *))
    if pages == NULL:
        return NO_MEMORY
    if window.page_count:
        memcpy(pages + (window.first_page - first), window.pages, window.page_count * sizeof(uint64_t *))
    window.bytes += (stop - first - window.page_count) * sizeof(uint64_t *)
    free(window.pages)
    window.pages = pages
    window.first_page = first
    window.page_count = stop - first
    return OK


cdef uint64_t *page_create(Window *window, uint32_t page) noexcept nogil:
    """The cells of ``page``, all ABSENT; NULL when memory is short."""
    cdef uint64_t *cells
    cdef int at
    if page - window.first_page >= window.page_count and directory_cover(window, page) != OK:
        return NULL
    cells = <uint64_t *>malloc(PAGE * sizeof(uint64_t))
    if cells != NULL:
        for at in range(PAGE):
            cells[at] = ABSENT
        window.pages[page - window.first_page] = cells
        window.bytes += PAGE * sizeof(uint64_t)
    return cells


cdef inline uint64_t *page_of(const Window *window, uint32_t page) noexcept nogil:
    """NULL when no id of the page has a sample."""
    cdef uint32_t at = page - window.first_page  # wraps below the first page, and is too large then
    return window.pages[at] if at < window.page_count else NULL


cdef int add_multi(Window *window, uint64_t *cell, double value) noexcept nogil:
    """The second sample of a cell: it becomes an entry of the multi array."""
    cdef uint32_t room
    cdef Multi *multis = window.multis
    cdef Multi *multi
    cdef double first
    if window.multi_count == window.multi_room:
        room = window.multi_room * 2 if window.multi_room else FIRST_MULTIS
        multis = <Multi *>realloc(window.multis, room * sizeof(Multi))
        if multis == NULL:
            return NO_MEMORY
        window.bytes += (room - window.multi_room) * sizeof(Multi)
        window.multis = multis
        window.multi_room = room
    memcpy(&first, cell, 8)
    multi = &multis[window.multi_count]
    multi.count = 2
    multi.sum = first + value
    multi.min = value if value < first else first
    multi.max = value if value > first else first
    multi.last = value
    cell[0] = MULTI | window.multi_count
    window.multi_count += 1
    return OK


cdef inline int fold(Window *window, uint64_t *cell, double value) noexcept nogil:
    """One finite sample into its cell."""
    cdef Multi *multi
    if cell[0] == ABSENT:
        memcpy(cell, &value, 8)
        window.present += 1
        return OK
    if cell[0] < MULTI:  # the bits of every finite number are below
        return add_multi(window, cell, value)
    multi = &window.multis[<uint32_t>cell[0]]
    multi.count += 1
    multi.sum += value
    multi.min = value if value < multi.min else multi.min
    multi.max = value if value > multi.max else multi.max
    multi.last = value
    return OK


# -- reading -------------------------------------------------------------------------------------------------------------

cdef inline Multi point_of(const Window *window, uint64_t cell) noexcept nogil:
    """The point of a cell that is not ABSENT."""
    cdef Multi point
    if cell >= MULTI:
        return window.multis[<uint32_t>cell]
    point.count = 1
    memcpy(&point.sum, &cell, 8)
    point.min = point.max = point.last = point.sum
    return point


cdef size_t window_points(const Window *window, const uint32_t[::1] ids, HeadPoint *out) noexcept nogil:
    """Writes the points of ``ids`` to ``out``, when it is not NULL, and returns how many there are."""
    cdef size_t found = 0
    cdef Py_ssize_t at
    cdef uint64_t *cells
    cdef uint64_t cell
    for at in range(ids.shape[0]):
        cells = page_of(window, ids[at] >> PAGE_BITS)
        cell = ABSENT if cells == NULL else cells[ids[at] % PAGE]
        if cell == ABSENT:
            continue
        if out != NULL:
            out[found].index = <uint32_t>at
            out[found].step_s = window.step_s
            out[found].time = window.start
            out[found].point = point_of(window, cell)
        found += 1
    return found


cdef void window_cells(const Window *window, uint32_t *ids, uint64_t *cells) noexcept nogil:
    """All present cells by ascending id; both arrays have ``window.present`` entries."""
    cdef size_t found = 0
    cdef uint32_t page, at
    for page in range(window.page_count):
        if window.pages[page] == NULL:
            continue
        for at in range(PAGE):
            if window.pages[page][at] != ABSENT:
                ids[found] = (window.first_page + page) << PAGE_BITS | at
                cells[found] = window.pages[page][at]
                found += 1


# -- the set of open windows ---------------------------------------------------------------------------------------------

cdef inline uint32_t window_slot(const Windows *all, uint32_t level, uint32_t number) noexcept nogil:
    return <uint32_t>(((<uint64_t>number << 16 ^ level) * 0x9E37_79B9_7F4A_7C15ULL) >> 32) & all.mask


cdef void index_window(Windows *all, uint32_t position) noexcept nogil:
    cdef Window *window = all.windows[position]
    cdef uint32_t at = window_slot(all, window.level, window.number)
    while all.slots[at]:
        at = (at + 1) & all.mask
    all.slots[at] = position + 1


cdef void index_windows(Windows *all) noexcept nogil:
    cdef uint32_t position
    memset(all.slots, 0, (<size_t>all.mask + 1) * sizeof(uint32_t))
    for position in range(all.count):
        index_window(all, position)


cdef int windows_grow(Windows *all) noexcept nogil:
    """Room for twice the windows; the hash has at least two slots for each."""
    cdef uint32_t room = all.room * 2 if all.room else FIRST_WINDOWS
    cdef Window **windows = <Window **>realloc(all.windows, room * sizeof(Window *))
    cdef uint32_t *slots
    if windows == NULL:
        return NO_MEMORY
    all.windows = windows
    slots = <uint32_t *>realloc(all.slots, 2 * room * sizeof(uint32_t))
    if slots == NULL:
        return NO_MEMORY
    all.slots = slots
    all.room = room
    all.mask = 2 * room - 1
    index_windows(all)
    return OK


cdef Window *window_of(Windows *all, uint32_t level, uint32_t number, uint32_t step_s) noexcept nogil:
    """The open window ``number`` of ``level``, opened if need be; NULL when memory is short."""
    cdef uint32_t at
    cdef Window *window
    if all.count == all.room and windows_grow(all) != OK:
        return NULL
    at = window_slot(all, level, number)
    while all.slots[at]:
        window = all.windows[all.slots[at] - 1]
        if window.number == number and window.level == level:
            return window
        at = (at + 1) & all.mask
    window = window_create(level, number, step_s)
    if window == NULL:
        return NULL
    window.opened = all.now
    window.touched = all.steady
    all.windows[all.count] = window
    all.count += 1
    all.slots[at] = all.count
    all.bytes += window.bytes
    all.newest = max(all.newest, window.start + step_s)
    all.newest_start = max(all.newest_start, window.start)
    return window


cdef inline uint64_t *cell_of(Windows *all, Window *window, uint32_t id) noexcept nogil:
    """The cell of ``id``; NULL when memory is short."""
    cdef uint64_t *cells = page_of(window, id >> PAGE_BITS)
    cdef uint64_t before
    if rare(cells == NULL):
        before = window.bytes
        cells = page_create(window, id >> PAGE_BITS)
        all.bytes += window.bytes - before
        if cells == NULL:
            return NULL
    return cells + id % PAGE


cdef inline int fold_into(Windows *all, Window *window, uint64_t *cell, double value) noexcept nogil:
    cdef uint64_t before = window.bytes
    cdef int status = fold(window, cell, value)
    all.bytes += window.bytes - before
    window.touched = all.steady
    return status


cdef void windows_close(Windows *all) noexcept nogil:
    cdef uint32_t position
    for position in range(all.count):
        window_free(all.windows[position])
    free(all.windows)
    free(all.slots)
