cdef class Closed:
    """A window taken out of the kernel. It does not change any more: any thread may read it, several at once."""

    cdef Window *window

    def __init__(self):
        raise TypeError("closed windows come from Kernel.take alone")

    def __dealloc__(self):
        window_free(self.window)

    @property
    def level(self):
        return self.window.level

    @property
    def time(self):
        """Unix second at which the window begins."""
        return self.window.start

    @property
    def present(self):
        """Paths that had samples."""
        return self.window.present

    @property
    def multis(self):
        """Paths that had more than one sample."""
        return self.window.multi_count

    @property
    def size_bytes(self):
        return self.window.bytes

    def copy_cells(self, uint32_t[::1] ids not None, uint64_t[::1] cells not None):
        """Writes ids, ascending, and their cells; both arrays have ``present`` entries."""
        cdef uint64_t present = self.window.present
        if <uint64_t>ids.shape[0] != present or <uint64_t>cells.shape[0] != present:
            raise ValueError(f"{ids.shape[0]} ids and {cells.shape[0]} cells; want {present} of each")
        if present:
            with nogil:
                window_cells(self.window, &ids[0], &cells[0])

    def copy_multis(
        self,
        int64_t[::1] count not None,
        double[::1] sum not None,
        double[::1] min not None,
        double[::1] max not None,
        double[::1] last not None,
    ):
        """Writes the multi array, one statistic to each of five arrays of ``multis`` entries."""
        cdef Py_ssize_t i, size = self.window.multi_count
        cdef const Multi *multi = self.window.multis
        if not (count.shape[0] == sum.shape[0] == min.shape[0] == max.shape[0] == last.shape[0] == size):
            raise ValueError(f"want five arrays of {size} entries")
        with nogil:
            for i in range(size):
                count[i] = multi[i].count
                sum[i] = multi[i].sum
                min[i] = multi[i].min
                max[i] = multi[i].max
                last[i] = multi[i].last

    def points(self, const uint32_t[::1] ids not None):
        """The points of ``ids``, as packed rows of schema.head.HEAD_POINT."""
        cdef bytes rows = PyBytes_FromStringAndSize(NULL, window_points(self.window, ids, NULL) * sizeof(HeadPoint))
        window_points(self.window, ids, <HeadPoint *>PyBytes_AS_STRING(rows))
        return rows
