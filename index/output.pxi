# Writing: found nodes as text, by a template.

cdef enum:
    MOST_PIECES = 32
    NUMBERS = 7  # bytes of a node's numbers

cdef enum:  # bytes of a template that stand for a field
    TEXT = 1
    PATH = 2
    BRANCH = 3
    LEAF = 4
    ONLY_LEAF = 5
    RAW_PATH = 6
    FIELDS = 7

cdef struct Piece:  # of a template: some text, then a field
    const uint8_t *text
    uint32_t size
    uint8_t field

cdef struct Template:
    Piece[MOST_PIECES] pieces
    uint32_t count
    uint64_t longest  # bytes that one node can take

cdef struct Output:
    uint8_t *at
    uint64_t size
    uint64_t room


cdef bint read_template(Template *template, const uint8_t *text, uint32_t size) noexcept nogil:
    cdef uint32_t start = 0, i
    template.count = 0
    template.longest = size
    for i in range(size + 1):
        if i < size and not 0 < text[i] < FIELDS:
            continue
        if template.count == MOST_PIECES:
            return False
        template.pieces[template.count].text = text + start
        template.pieces[template.count].size = i - start
        template.pieces[template.count].field = text[i] if i < size else 0
        template.count += 1
        template.longest += 6 * LONGEST_PATH  # \u00XX a byte
        start = i + 1
    return True


cdef uint8_t *write_segment(const Core *core, uint32_t at, uint8_t *out, bint escape) noexcept nogil:
    cdef const Segment *segment = &core.segments[at]
    cdef const uint8_t *text = core.text + segment.at
    cdef const char *hexadecimal = "0123456789abcdef"
    cdef uint32_t i
    if segment.plain or not escape:
        memcpy(out, text, segment.length)
        return out + segment.length
    for i in range(segment.length):
        if text[i] < 0x20:
            memcpy(out, b"\\u00", 4)
            out[4] = hexadecimal[text[i] >> 4]
            out[5] = hexadecimal[text[i] & 15]
            out += 6
            continue
        if text[i] == 0x22 or text[i] == 0x5C:
            out[0] = 0x5C
            out += 1
        out[0] = text[i]
        out += 1
    return out


cdef uint8_t *write_path(const Core *core, uint32_t node, uint8_t *out, bint escape) noexcept nogil:
    cdef uint32_t[LONGEST_PATH] segments
    cdef uint32_t depth = 0
    while node >= ROOTS:
        segments[depth] = core.nodes[node].segment
        depth += 1
        node = core.nodes[node].parent
    while depth > 0:
        depth -= 1
        out = write_segment(core, segments[depth], out, escape)
        if depth:
            out[0] = b"."
            out += 1
    return out


cdef inline bint holds(const Search *search, const Node *node, uint8_t field) noexcept nogil:
    if field == BRANCH:
        return is_branch(search, node)
    return is_leaf(search, node) and (field == LEAF or not is_branch(search, node))


cdef uint8_t *write_node(const Search *search, uint32_t node, const Template *template, uint8_t *out) noexcept nogil:
    cdef const Core *core = search.core
    cdef const Node *it = &core.nodes[node]
    cdef const Piece *piece
    cdef const uint8_t *path = NULL
    cdef uint64_t size = 0
    cdef uint8_t *start
    cdef uint32_t i
    for i in range(template.count):
        piece = &template.pieces[i]
        memcpy(out, piece.text, piece.size)
        out += piece.size
        if piece.field == TEXT:
            out = write_segment(core, it.segment, out, True)
        elif piece.field == PATH and path != NULL:
            memcpy(out, path, size)
            out += size
        elif piece.field == PATH or piece.field == RAW_PATH:
            start = out
            out = write_path(core, node, out, piece.field == PATH)
            path, size = start, out - start
        elif piece.field:
            out[0] = b"1" if holds(search, it, piece.field) else b"0"
            out += 1
    return out


cdef int write_found(const Search *search, const Template *template, uint8_t separator, Output *output) noexcept nogil:
    """Each found node by the template, ``separator`` between them."""
    cdef uint64_t room
    cdef uint32_t i
    cdef uint8_t *wide
    for i in range(search.found.size):
        if output.room - output.size < template.longest + 1:
            room = output.room + output.room // 2 + template.longest + 4096
            wide = <uint8_t *>realloc(output.at, room)
            if wide == NULL:
                return NO_MEMORY
            output.at, output.room = wide, room
        if i:
            output.at[output.size] = separator
            output.size += 1
        output.size = write_node(search, search.found.at[i], template, output.at + output.size) - output.at
    return OK


cdef int write_numbers(const Search *search, Output *output) noexcept nogil:
    """Columns: id u32, policy u16, has children u8."""
    cdef uint64_t count = search.found.size, i
    cdef const Node *node
    cdef bint leaf
    output.at = <uint8_t *>malloc(NUMBERS * count + 1)
    if output.at == NULL:
        return NO_MEMORY
    output.size = output.room = NUMBERS * count
    for i in range(count):
        node = &search.core.nodes[search.found.at[i]]
        leaf = is_leaf(search, node)
        (<uint32_t *>output.at)[i] = node.id if leaf else NIL
        (<uint16_t *>(output.at + 4 * count))[i] = <uint16_t>node.policy if leaf else 0
        output.at[6 * count + i] = is_branch(search, node)
    return OK


cdef int write_policies(const Core *core, Output *output) noexcept nogil:
    """Line feeds between them."""
    cdef uint8_t *end
    cdef uint32_t i
    output.room = <uint64_t>core.policy_count * (LONGEST_PATH + 1)
    output.at = <uint8_t *>malloc(output.room + 1)
    if output.at == NULL:
        return NO_MEMORY
    end = output.at
    for i in range(core.policy_count):
        if i:
            end[0] = PATTERN
            end += 1
        end = write_segment(core, core.policies[i], end, False)
    output.size = end - output.at
    return OK


cdef bint is_beyond_limit(int status) except? True:
    """Says why there is no answer, if there is none."""
    if status == NO_MEMORY:
        raise MemoryError
    if status == BEYOND_WORK:
        raise OverflowError(f"more than {MOST_WORK} bytes of alternatives to try")
    return status == BEYOND_LIMIT


cdef bytes bytes_of(const Output *output, uint64_t start, uint64_t stop):
    return (<char *>output.at)[start:stop] if stop > start else b""
