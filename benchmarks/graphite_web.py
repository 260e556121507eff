"""graphite-web 1.1.10 with the data in memory: what its functions and encoders cost, and nothing else."""

import os
import signal
import subprocess
from pathlib import Path

from .lines import STEP_S
from .servers import STOP_S, Http, free_port, wait_for_http
from .tree import Tree

# Built by the tests: tests/environments.py.
BIN = Path(__file__).parent.parent / ".venv-graphite-web" / "bin"

SETTINGS = """
SECRET_KEY = "for benchmarks on loopback"
ALLOWED_HOSTS = ["127.0.0.1"]
TIME_ZONE = "UTC"
STORAGE_DIR = CONF_DIR = LOG_DIR = {folder!r}
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {folder!r} + "/graphite.db"}}}}
LOG_ROTATION = False
STORAGE_FINDERS = ["memory_finder.MemoryFinder"]
USE_WORKER_POOL = False
FETCH_TIMEOUT = FIND_TIMEOUT = 600
"""

FINDER = """
import random
from fnmatch import fnmatchcase

from graphite.finders.utils import BaseFinder

_random = random.Random(3)
_ROWS = {{"bench.render.%04d" % n: [round(_random.uniform(20, 80), 2) for _ in range({slots})] for n in range({series})}}


class MemoryFinder(BaseFinder):
    def find_nodes(self, query):
        return []

    def fetch(self, patterns, start_time, end_time, now=None, requestContext=None):
        start = start_time // {step} * {step} + {step}
        slots = min({slots}, (end_time - start_time) // {step})
        return [
            {{
                "pathExpression": pattern,
                "name": name,
                "path": name,
                "time_info": (start, start + slots * {step}, {step}),
                "values": row[:slots],
            }}
            for pattern in patterns
            for name, row in _ROWS.items()
            if fnmatchcase(name, pattern)
        ]
"""


class GraphiteWeb:
    """One gunicorn worker."""

    name = "graphite-web"

    def __init__(self, folder: Path, series: int, slots: int) -> None:
        (folder / "benchmark_settings.py").write_text(SETTINGS.format(folder=str(folder)))
        (folder / "memory_finder.py").write_text(FINDER.format(series=series, slots=slots, step=STEP_S))
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "graphite.settings",
            "GRAPHITE_SETTINGS_MODULE": "benchmark_settings",
            "PYTHONPATH": str(folder),
        }
        migrate = [BIN / "django-admin", "migrate", "--run-syncdb", "-v", "0"]
        subprocess.run(migrate, cwd=folder, env=environment, capture_output=True, check=True)
        port = free_port()
        serve = [BIN / "gunicorn", "--timeout", "600", "-b", f"127.0.0.1:{port}", "graphite.wsgi:application"]
        with (folder / "graphite-web.log").open("a") as log:
            self._process = subprocess.Popen(serve, cwd=folder, env=environment, stdout=log, stderr=log)
        self.tree = Tree(self._process.pid)
        self.http = Http(port)
        wait_for_http(self.http, "/version/", self._process)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(STOP_S)


def is_there() -> bool:
    return (BIN / "gunicorn").exists()
