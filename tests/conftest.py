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
    """A running ``cadent serve``, shared: each test module sends paths of its own."""
    service = Cadent(tmp_path_factory.mktemp("cadent"))
    try:
        service.wait()
        yield service
    finally:
        service.stop()
