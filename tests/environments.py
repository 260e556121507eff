"""Virtual environments with the real graphite-web 1.1.10, graphite-api 1.1.3 and carbon 1.1.10, and our finder in the first two.

They lie beside the checkout's other environments (ignored by git) and are built once; all three programs are old and need
Python 3.11 or older, the first two libcairo2.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

REQUIREMENTS = {
    "graphite-web": ["graphite-web==1.1.10", "gunicorn"],
    "graphite-api": ["graphite-api==1.1.3", "tzlocal<3", "Flask<2.2", "Werkzeug<2.1", "gunicorn"],
    "carbon": ["carbon==1.1.10"],
}
NEED_CAIRO = {"graphite-web", "graphite-api"}
CAN_HOST = "import ctypes, ensurepip, sys, venv; assert (3, 8) <= sys.version_info < (3, 12)"


def host_python(program: str) -> str:
    """A Python that ``program`` runs on; skips the test where there is none."""
    for name in (sys.executable, "python3.11", "python3.10", "python3.9", "python3.8", "python3"):
        if runs(name, CAN_HOST):
            if program in NEED_CAIRO and not runs(name, "import ctypes; ctypes.CDLL('libcairo.so.2')"):
                pytest.skip(f"{program} needs libcairo2: apt-get install libcairo2")
            return name
    pytest.skip(f"{program} needs a Python from 3.8 to 3.11, and there is none on PATH")


def runs(python: str, code: str) -> bool:
    """Version managers leave shims that exist and do not run, so each is asked."""
    try:
        return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def environment(program: str) -> Path:
    """The bin folder of ``program``'s environment, created if it is not there or was made for other requirements."""
    venv = ROOT / f".venv-{program}"
    if stamp(venv, "requirements") != " ".join(REQUIREMENTS[program]):
        shutil.rmtree(venv, ignore_errors=True)
        run(host_python(program), "-m", "venv", venv)
        # Without the word, carbon would go to /opt/graphite.
        run(venv / "bin/python", "-m", "pip", "install", "-q", *REQUIREMENTS[program], GRAPHITE_NO_PREFIX="True")
        write_stamp(venv, "requirements", " ".join(REQUIREMENTS[program]))
    else:
        host_python(program)  # for its skip: libcairo2 may have gone since
    return venv / "bin"


def install_finder(bin_folder: Path, wheelhouse: Path) -> None:
    """What a user's ``pip install --no-deps`` does, once for each state of the sources that count here."""
    state = finder_sources()
    if stamp(bin_folder.parent, "finder") == state:
        return
    wheels = list(wheelhouse.glob("*.whl")) or build_wheel(bin_folder / "python", wheelhouse)
    run(bin_folder / "python", "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", *wheels)
    write_stamp(bin_folder.parent, "finder", state)


def build_wheel(python: Path, wheelhouse: Path) -> list[Path]:
    """Built from a copy, so that the checkout stays clean, and without a compiler, as on many a graphite host."""
    copy = wheelhouse / "checkout"
    skipped = shutil.ignore_patterns(".*", "*.so", "build", "*.egg-info", "tests", "cadent-data")
    shutil.copytree(ROOT, copy, ignore=skipped)
    run(python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheelhouse, copy, CC="false")
    return list(wheelhouse.glob("*.whl"))


def finder_sources() -> str:
    files = [*ROOT.glob("*.py"), *ROOT.glob("cadentfinder/*.py"), ROOT / "setup.cfg", ROOT / "pyproject.toml"]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in sorted(files))).hexdigest()


def stamp(venv: Path, name: str) -> str:
    file = venv / name
    return file.read_text() if file.exists() else ""


def write_stamp(venv: Path, name: str, text: str) -> None:
    (venv / name).write_text(text)


def run(*command: object, **extra: str) -> None:
    done = subprocess.run(command, env={**os.environ, **extra}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
