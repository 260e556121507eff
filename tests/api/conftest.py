import sys
from pathlib import Path

import pytest

# Helpers of these tests alone; tests are no package, so they are found by folder.
sys.path.append(str(Path(__file__).parent))

from folder import Application, sent, write


@pytest.fixture(scope="session")
def application(tmp_path_factory):
    """The application over a folder with the points of ``folder.sent``; ``application.client(...)``."""
    folder = tmp_path_factory.mktemp("api")
    write(folder, sent())
    opened = Application(folder)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def client(application):
    """With the default settings, in a process that only reads."""
    return application.client()
