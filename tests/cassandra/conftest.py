import sys
from pathlib import Path

import pytest
from programs import Program

FOLDERS = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
CONFTEST = f"""
import sys

sys.path += {FOLDERS}
pytest_plugins = ["cassandra_fixtures", "in_ci"]
"""


@pytest.fixture
def run_pytest(tmp_path):
    """run_pytest("def test_it(cassandra): ...", CI="1"): a pytest of its own that has our fixtures and runs these tests."""
    folder = tmp_path / "run"
    started = []

    def run(tests: str, **environment: str) -> Program:
        folder.mkdir()
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "test_it.py").write_text(tests)
        command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "--basetemp", tmp_path / "temporary", folder]
        started.append(Program(command, folder, **environment))
        return started[-1]

    yield run
    for program in started:
        program.stop()
