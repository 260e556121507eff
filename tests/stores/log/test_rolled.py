import re
from pathlib import Path

import pytest

IDS = 3_000
WINDOWS = 40


@pytest.fixture
def segment(log, rows):
    for window in range(WINDOWS):
        log.append([rows({number: float(number + window) for number in range(IDS)}, 1_700_002_800 + 10 * window)], window + 1)
    log.roll()
    (segment,) = log.rolled()
    return segment


def mapped_bytes(path):
    """Resident bytes of this process's maps of ``path``."""
    maps = Path("/proc/self/smaps").read_text().split(f"{path}\n")[1:]
    return sum(1024 * int(re.search(r"Rss: +(\d+) kB", one)[1]) for one in maps)


def test_a_seal_does_not_keep_the_whole_segment_in_memory(segment, sealed_points, monkeypatch):
    expected = sealed_points(segment)
    assert len(expected) == IDS * WINDOWS
    assert mapped_bytes(segment.path) > segment.path.stat().st_size // 2
    monkeypatch.setattr("cadent.stores.log.part._CELLS_MAPPED", 1)
    assert sealed_points(segment) == expected
    assert mapped_bytes(segment.path) == 0
