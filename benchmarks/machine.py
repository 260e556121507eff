"""Where and with what was measured."""

import datetime as dt
import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import distributions
from pathlib import Path

PACKAGES = {"cadent-graphite", "numpy", "Flask", "gunicorn", "Cython"}
VICTORIA_METRICS = shutil.which("victoria-metrics")


def describe() -> str:
    """Three lines of Markdown: machine, date and commit, versions."""
    memory_gb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    kernel = platform.release().partition("-")[0]  # behind the dash is whoever built it
    today = dt.datetime.now(dt.timezone.utc).date()
    return "\n".join([
        f"- Machine: {cpu_model()}, {os.cpu_count()} cores, {memory_gb:.0f} GiB, {platform.system()} {kernel}",
        f"- Date and commit: {today}, {commit()}",
        f"- Versions: Python {platform.python_version()}, {', '.join(versions())}",
    ])  # fmt: skip


def cpu_model() -> str:
    found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def commit() -> str:
    """Short hash of the checkout, marked when it has changes; the package's version outside a checkout."""
    root = Path(__file__).parent.parent
    described = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, check=False)
    return described.stdout.strip() or "not a git checkout"


def versions() -> list[str]:
    known = sorted(f"{found.name} {found.version}" for found in distributions() if found.name in PACKAGES)
    return [*known, f"VictoriaMetrics {victoria_metrics()}"]


def victoria_metrics() -> str:
    if VICTORIA_METRICS is None:
        return "not installed"
    said = subprocess.run([VICTORIA_METRICS, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r"v?(\d+\.\d+\.\d+\S*)", said.stdout + said.stderr)
    return found[1] if found else packaged_version() or "of unknown version"


def packaged_version() -> str:
    """Debian's program does not know its own."""
    command = ["dpkg-query", "--show", "--showformat=${Version}", "victoria-metrics"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout if shutil.which("dpkg-query") else ""
