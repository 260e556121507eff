"""What the operating system says of this machine and these processes. Linux's /proc."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of its ended children; 0 if it is gone."""
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICKS_A_SECOND if fields else 0.0


def resident_bytes(pid: int) -> int:
    """What a process has in memory, shared pages included; 0 if it is gone."""
    fields = _stat(pid)
    return int(fields[21]) * _PAGE_BYTES if fields else 0


def children(pid: int) -> list[int]:
    """All processes below ``pid``."""
    below = [child for thread in _threads(pid) for child in map(int, _read(thread / "children").split())]
    return below + [grandchild for child in below for grandchild in children(child)]


def host_cpu_seconds() -> float:
    """Work of all cores since boot."""
    user, nice, system, _, _, irq, softirq, steal, *_ = (int(ticks) for ticks in _read(Path("/proc/stat")).split()[1:11])
    return (user + nice + system + irq + softirq + steal) / _TICKS_A_SECOND


def memory_bytes() -> tuple[int, int]:
    """Memory in all, and what programs could still take."""
    lines = dict(line.split(":") for line in _read(Path("/proc/meminfo")).splitlines())
    return int(lines["MemTotal"].split()[0]) * 1024, int(lines["MemAvailable"].split()[0]) * 1024


def load_average() -> float:
    """Of the last minute."""
    return os.getloadavg()[0]


def disk_bytes(folder: Path) -> tuple[int, int]:
    """Used and free bytes of the file system that holds ``folder``."""
    usage = shutil.disk_usage(folder)
    return usage.used, usage.free


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat behind the command's name; empty if it is gone."""
    return _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()


def _threads(pid: int) -> Iterator[Path]:
    return Path(f"/proc/{pid}/task").glob("*")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
