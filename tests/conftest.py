import sys
from pathlib import Path

import pytest

# What the tests of several folders need; tests are no package, so it is found by folder.
sys.path.append(str(Path(__file__).parent))

from programs import Cadent


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
