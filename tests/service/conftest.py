import sys
from itertools import count
from pathlib import Path

import pytest

# Helpers of these tests alone; tests are no package, so they are found by folder.
sys.path.append(str(Path(__file__).parent))

from disks import SmallDisk
from programs import Cadent


@pytest.fixture
def start_in():
    """start_in(folder, "--ladder", "1m:1d"): a running service in this folder, until the end of the test."""
    started = []

    def start(folder: Path, *flags: object) -> Cadent:
        started.append(Cadent(folder, *flags))
        started[-1].wait()
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture
def serve(tmp_path, start_in):
    """``serve("--ladder", "1m:1d")``: a running service for this test alone, in a folder of its own."""
    numbers = count()

    def start(*flags: object) -> Cadent:
        folder = tmp_path / f"service-{next(numbers)}"
        folder.mkdir()
        return start_in(folder, *flags)

    return start


@pytest.fixture
def service_on(tmp_path, start_in):
    """service_on(disk, "--ladder", "1m:1d"): a running service whose data folder is a small disk."""

    def start(disk: SmallDisk, *flags: object) -> Cadent:
        folder = tmp_path / f"service-on-{disk.folder.name}"
        folder.mkdir()
        (folder / "data").symlink_to(disk.folder)
        return start_in(folder, *flags)

    return start


@pytest.fixture
def quiet(tmp_path):
    """A configuration file for a service that takes no lines of its own, so that its counters are the test's."""
    file = tmp_path / "quiet.toml"
    file.write_text("[service]\nself_metrics = false\n")
    return file
