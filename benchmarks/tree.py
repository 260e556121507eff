"""CPU and memory of a process and all its descendants, read from /proc."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
SAMPLE_S = 0.05


class Tree:
    """The processes below ``root``, itself included."""

    def __init__(self, root: int) -> None:
        self.root = root

    def pids(self) -> list[int]:
        found, unseen = [], [self.root]
        while unseen:
            pid = unseen.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                unseen += map(int, read(children).split())
        return found

    def cpu_s(self) -> float:
        """User and system seconds so far, those of ended and reaped children included."""
        return sum(sum(map(int, after_name(pid)[11:15])) for pid in self.pids()) * TICK_S


@dataclass
class Peaks:
    """Highest memory seen: RSS of all processes together, anonymous memory of each."""

    rss_mb: float = 0.0
    anon_mb: dict[int, float] = field(default_factory=dict)

    def look(self, tree: Tree) -> None:
        pids = tree.pids()
        self.rss_mb = max(self.rss_mb, sum(resident_mb(pid) for pid in pids))
        for pid in pids:
            self.anon_mb[pid] = max(self.anon_mb.get(pid, 0.0), status_mb(pid, "RssAnon:"))


@contextmanager
def sampled(tree: Tree) -> Iterator[Peaks]:
    """The peaks of ``tree`` for as long as the context lasts, looked at every 50 ms by a thread."""
    peaks, ended = Peaks(), threading.Event()

    def look() -> None:
        while not ended.wait(SAMPLE_S):
            peaks.look(tree)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def settled_cpu_s(tree: Tree, quiet_s: float = 3.0, below: float = 0.04, patience_s: float = 120.0) -> float:
    """Waits until the tree has used less than ``below`` of a core for ``quiet_s``; its CPU seconds when that stretch began."""
    since, then = time.monotonic(), tree.cpu_s()
    patience = since + patience_s
    while time.monotonic() - since < quiet_s:
        time.sleep(0.25)
        now = tree.cpu_s()
        if now - then > below * quiet_s:
            since, then = time.monotonic(), now
        if time.monotonic() > patience:
            raise TimeoutError(f"process {tree.root} does not come to rest within {patience_s:.0f} s")
    return then


def after_name(pid: int) -> list[str]:
    """The fields of /proc/pid/stat behind the name; zeros for a process that is gone."""
    return read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split() or ["0"] * 50


def resident_mb(pid: int) -> float:
    fields = read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * PAGE_MB if fields else 0.0


def status_mb(pid: int, field: str) -> float:
    _, found, rest = read(Path(f"/proc/{pid}/status")).partition(field)
    return int(rest.split(maxsplit=1)[0]) * 1024 / 1e6 if found else 0.0


def forget_most_memory(pid: int) -> None:
    """From now on VmHWM in its status is the most that it has had since."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def command_line(pid: int) -> str:
    return read(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")


def read(file: Path) -> str:
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
