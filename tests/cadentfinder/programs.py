"""Starts the real programs on free loopback ports and ends them, whatever happens to the test."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

START_S = 60
STOP_S = 15
PR_SET_PDEATHSIG = 1


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """One program in a process group of its own, its output in a file."""

    def __init__(self, command: list[object], folder: Path, **environment: str) -> None:
        self.log = folder / "output.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                list(map(str, command)),
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - a prctl alone, which takes no lock
            )

    def wait_for(self, port: int) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"ended with {self._process.returncode}:\n{self.log.read_text()}"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"nothing listens on {port} after {START_S} s:\n{self.log.read_text()}")

    def stop(self) -> None:
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
        self._signal(signal.SIGKILL)  # also what the first process left behind
        self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


class Answer:
    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.text = body.decode()

    @property
    def json(self):
        assert self.status == 200, self.text[:2_000]
        return json.loads(self.text)


class Web:
    """A Graphite host's HTTP API."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def get(self, route: str, **parameters: object) -> Answer:
        return self._ask(f"{self._url}{route}?{urllib.parse.urlencode(parameters, doseq=True)}")

    def post(self, route: str, **parameters: object) -> Answer:
        return self._ask(self._url + route, urllib.parse.urlencode(parameters, doseq=True).encode())

    def _ask(self, url: str, body: bytes | None = None) -> Answer:
        try:
            with urllib.request.urlopen(url, body, timeout=30) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())


class Cadent:
    """``cadent serve`` with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.graphite_port, self.http_port = free_port(), free_port()
        addresses = ["--graphite", f"127.0.0.1:{self.graphite_port}", "--http", f"127.0.0.1:{self.http_port}"]
        self._program = Program([sys.executable, "-m", "cadent", "serve", "--data", folder / "data", *addresses], folder)
        self.stop = self._program.stop

    def wait(self) -> None:
        self._program.wait_for(self.graphite_port)
        self._program.wait_for(self.http_port)

    def send(self, lines: list[str]) -> None:
        with socket.create_connection(("127.0.0.1", self.graphite_port)) as connection:
            connection.sendall("".join(line + "\n" for line in lines).encode())


GRAPHITE_WEB_SETTINGS = """
SECRET_KEY = "for tests on loopback"
ALLOWED_HOSTS = ["127.0.0.1"]
TIME_ZONE = "UTC"
STORAGE_DIR = CONF_DIR = LOG_DIR = {folder!r}
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {folder!r} + "/graphite.db"}}}}
LOG_ROTATION = False
STORAGE_FINDERS = ["cadent.CadentFinder"]
CADENT_URLS = {urls!r}
USE_WORKER_POOL = False
"""


def graphite_web(bin_folder: Path, folder: Path, urls: list[str]) -> tuple[Program, Web]:
    """graphite-web 1.1.10 under gunicorn, eight requests at a time."""
    (folder / "graphite_local_settings.py").write_text(GRAPHITE_WEB_SETTINGS.format(folder=str(folder), urls=urls))
    environment = {
        "DJANGO_SETTINGS_MODULE": "graphite.settings",
        "GRAPHITE_SETTINGS_MODULE": "graphite_local_settings",
        "PYTHONPATH": str(folder),
    }
    migrate = [bin_folder / "django-admin", "migrate", "--run-syncdb", "-v", "0"]
    subprocess.run(migrate, cwd=folder, env={**os.environ, **environment}, capture_output=True, check=True)
    return gunicorn(bin_folder, folder, "graphite.wsgi:application", **environment)


def graphite_api(bin_folder: Path, folder: Path, urls: list[str]) -> tuple[Program, Web]:
    """graphite-api 1.1.3 under gunicorn, eight requests at a time."""
    config = {
        "finders": ["cadent.CadentFinder"],
        "cadent": {"urls": urls},
        "time_zone": "UTC",
        "search_index": str(folder / "index"),
    }
    (folder / "graphite-api.yaml").write_text(json.dumps(config))  # JSON is YAML
    return gunicorn(bin_folder, folder, "graphite_api.app:app", GRAPHITE_API_CONFIG=str(folder / "graphite-api.yaml"))


def gunicorn(bin_folder: Path, folder: Path, application: str, **environment: str) -> tuple[Program, Web]:
    port = free_port()
    program = Program([bin_folder / "gunicorn", "--threads", "8", "-b", f"127.0.0.1:{port}", application], folder, **environment)
    try:
        program.wait_for(port)
    except BaseException:
        program.stop()
        raise
    return program, Web(port)
