import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

# What the tests of several folders need; tests are no package, so it is found by folder.
sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parent / "cassandra"))

import environments
from disks import SmallDisk, can_mount
from programs import Cadent

pytest_plugins = ["cassandra_fixtures", "in_ci"]


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: builds environments or starts several programs")


@pytest.fixture(scope="session")
def cadent(tmp_path_factory):
    """A running ``cadent serve``, shared: each test module sends paths of its own. Paths with `.slow.` are kept by the minute."""
    folder = tmp_path_factory.mktemp("cadent")
    file = folder / "cadent.toml"
    file.write_text("[[policy]]\nmatch = '\\.slow\\.'\nladder = '1m:30d'\n")
    service = Cadent(folder, "--config", file)
    try:
        service.wait()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory):
    return tmp_path_factory.mktemp("wheelhouse")


@pytest.fixture(scope="session")
def graphite_web_bin(wheelhouse):
    bin_folder = environments.environment("graphite-web")
    environments.install_finder(bin_folder, wheelhouse)
    return bin_folder


@pytest.fixture(scope="session")
def may_mount(tmp_path_factory):
    return can_mount(tmp_path_factory.mktemp("disk") / "probe")


@pytest.fixture
def small_disk(tmp_path, may_mount):
    """small_disk(size_bytes): a disk of its own for this test, which is skipped where nothing can be mounted."""
    if not may_mount:
        pytest.skip("only root may mount a small disk")
    mounted = []

    def make(size_bytes: int) -> SmallDisk:
        mounted.append(SmallDisk(tmp_path / f"disk-{len(mounted)}", size_bytes))
        return mounted[-1]

    yield make
    for disk in mounted:
        with contextlib.suppress(subprocess.CalledProcessError):  # the test has done it
            disk.unmount()
