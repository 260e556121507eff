import sys
from pathlib import Path

import pytest

# Helpers of these tests alone; tests are no package, so they are found by folder.
sys.path.append(str(Path(__file__).parent))

from parts import Parts


@pytest.fixture
def parts(tmp_path):
    opened = Parts(tmp_path)
    yield opened
    opened.close()
