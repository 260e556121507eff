cdef enum:
    FIRST_PART = 128  # bytes kept for an unfinished line: grows by doubling up to LONGEST_LINE


cdef class Stream:
    """The lines of one connection: the kernel sees them whole, however the bytes were cut."""

    cdef Kernel kernel
    cdef char *part  # the unfinished line
    cdef Py_ssize_t part_size
    cdef Py_ssize_t part_room
    cdef bint skipping  # the line was too long and is refused already: drop its rest
    cdef int share  # slow lines this call may still take

    def __cinit__(self, Kernel kernel not None):
        self.kernel = kernel

    def __dealloc__(self):
        free(self.part)

    def feed(self, const uint8_t[::1] data not None):
        """See schema.protocols.LineStream."""
        self.kernel.guard()
        if data.shape[0] == 0 or self.is_full():
            return 0
        cdef const char *begin = <const char *>&data[0]
        cdef const char *end = begin + data.shape[0]
        cdef const char *p = begin
        self.share = SLOW_SHARE
        if self.skipping or self.part_size:
            p = self.finish_part(p, end)
        if p < end:
            p = self.take_whole(p, end)
        return p - begin

    def close(self):
        """The connection ended: an unfinished last line counts as a line."""
        self.kernel.guard()
        self.share = 0
        if self.part_size:
            self.take_part()
        self.skipping = False

    cdef bint is_full(self) except? True:
        """Tells whoever closes windows that lines wait for it."""
        if self.kernel.windows.bytes <= self.kernel.max_bytes:
            return False
        self.kernel.full()
        return True

    cdef const char *finish_part(self, const char *p, const char *end) except NULL:
        """Takes the rest of the unfinished line from [p, end)."""
        cdef const char *newline = <const char *>memchr(p, c'\n', end - p)
        cdef const char *stop = end if newline == NULL else newline
        if not self.skipping:
            self.keep(p, stop)
        if newline == NULL:
            return end
        if self.part_size:
            self.take_part()
        self.skipping = False
        return newline + 1

    cdef const char *take_whole(self, const char *p, const char *end) except NULL:
        """Takes the complete lines of [p, end) and keeps what follows the last; returns how far it came."""
        cdef const char *stop = end
        while stop > p and (stop - 1)[0] != c'\n':
            stop -= 1
        p = self.take_lines(p, stop)
        if p < stop:
            return p
        self.keep(stop, end)
        return end

    cdef const char *take_lines(self, const char *p, const char *end) except NULL:
        """Takes lines up to ``end``, behind a newline, or until the share of slow lines is used up or windows are full."""
        cdef const char *newline
        cdef int status
        while p < end and self.share:
            self.kernel.guard()  # again each time: the slow line's function may have let another thread in
            self.kernel.inside = True
            with nogil:
                status = self.kernel.fold_lines(&p, end)
            self.kernel.inside = False
            if status == FULL and self.is_full():
                break
            if status == NO_MEMORY:
                raise MemoryError
            if status == SLOW:
                newline = <const char *>memchr(p, c'\n', end - p)
                self.take_slow(p, newline - p)
                p = newline + 1
        return p

    cdef int take_slow(self, const char *line, Py_ssize_t size) except -1:
        if size == 0 or (size == 1 and line[0] == c'\r'):
            return 0  # an empty line is none
        self.share -= 1
        # Of a line that is too long enough is handed over to see that it is.
        self.kernel.slow_line(PyBytes_FromStringAndSize(line, min(size, LONGEST_LINE + 1)))
        return 0

    cdef int keep(self, const char *p, const char *end) except -1:
        """Adds [p, end) to the unfinished line; refuses the line once it is too long."""
        cdef Py_ssize_t size = end - p
        cdef bint too_long = self.part_size + size > LONGEST_LINE
        if too_long:
            size = LONGEST_LINE + 1 - self.part_size
        if size == 0:
            return 0
        self.reserve(self.part_size + size + 1)
        memcpy(self.part + self.part_size, p, size)
        self.part_size += size
        if too_long:
            self.skipping = True
            self.take_part()
        return 0

    cdef int reserve(self, Py_ssize_t size) except -1:
        cdef Py_ssize_t room = max(self.part_room, <Py_ssize_t>FIRST_PART)
        cdef char *part
        while room < size:
            room *= 2
        if room > self.part_room:
            part = <char *>realloc(self.part, room)
            if part == NULL:
                raise MemoryError
            self.part = part
            self.part_room = room
        return 0

    cdef int take_part(self) except -1:
        """The unfinished line as a line. Windows that are full do not stop a single one."""
        cdef Py_ssize_t size = self.part_size
        self.part[size] = c'\n'
        self.part_size = 0
        self.share += 1  # it must be taken now, even as a slow line
        self.take_lines(self.part, self.part + size + 1)
        return 0
