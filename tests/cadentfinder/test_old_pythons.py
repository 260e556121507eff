"""The finder lives in other people's old environments: Python 3.8 syntax, and nothing but the standard library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from environments import ROOT, runs

SOURCES = [ROOT / "__init__.py", ROOT / "__main__.py", *sorted(ROOT.glob("cadentfinder/*.py"))]
HOSTS = {"django", "graphite", "graphite_api", "werkzeug"}
PYTHONS = [sys.executable, "python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_it_is_python_3_8(source):
    ast.parse(source.read_text(), str(source), feature_version=(3, 8))


def imported(source: Path) -> set[str]:
    """Top-level names of the absolute imports in ``source``."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(str(node.module).partition(".")[0])
    return names


@pytest.mark.parametrize("source", SOURCES[2:], ids=lambda file: file.name)
def test_it_imports_the_standard_library_and_its_hosts_alone(source):
    assert imported(source) - set(sys.stdlib_module_names) <= HOSTS


@pytest.mark.parametrize("source", SOURCES[2:], ids=lambda file: file.name)
def test_it_imports_nothing_of_cadent_but_its_own_modules(source):
    levels = [node.level for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.ImportFrom)]
    assert max(levels, default=0) <= 1


@pytest.mark.parametrize("python", PYTHONS, ids=lambda name: Path(name).name)
def test_it_runs_without_site_packages(python, tmp_path):
    if not runs(python, "import sys; assert sys.version_info >= (3, 8)"):
        pytest.skip(f"{python} is not on PATH or does not run")
    (tmp_path / "cadent").symlink_to(ROOT)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import cadent; print(cadent.CadentFinder.__module__)"
    done = subprocess.run([python, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "cadent.cadentfinder.finder", "")


def test_the_server_asks_an_old_python_to_step_aside():
    """In one sentence, instead of a syntax error from deep inside."""
    code = (
        "import runpy, sys; sys.version_info = (3, 8, 18, 'final', 0);"
        f"sys.modules['cadent'] = None; runpy.run_path({str(ROOT / '__main__.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        done.stderr.strip() == "cadent: the server needs Python 3.10 or newer; this is 3.8. Only the finder runs on older ones."
    )
