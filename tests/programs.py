"""Starts the real programs on loopback and ends them, whatever happens to the test."""

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

START_S = 60
STOP_S = 15
PR_SET_PDEATHSIG = 1

CADENT = [sys.executable, "-m", "cadent"]  # started in a folder of the test's: the checkout's own would shadow packages


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def eventually(look: Callable[[], object], what: str = "it comes about", within_s: float = 30.0):
    """The first true thing that ``look`` gives."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(0.02)
    return seen


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
        self.pid = self._process.pid

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_for(self, port: int) -> None:
        self.wait_until(lambda: accepts(port), f"something listens on {port}")

    def wait_until(self, look: Callable[[], object], what: str):
        """The first true thing that ``look`` gives. The program must not end before."""

        def look_alive() -> object:
            assert self._process.poll() is None, f"ended with {self._process.returncode}:\n{self.output}"
            return look()

        return eventually(look_alive, what, START_S)

    def wait(self, timeout_s: float = STOP_S) -> int:
        """The exit status, once it has ended by itself."""
        return self._process.wait(timeout_s)

    def signal(self, number: int) -> None:
        """To this process alone."""
        self._process.send_signal(number)

    def signal_group(self, number: int) -> None:
        """To all its processes at once, as a terminal or an init system does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def stop(self) -> None:
        self.signal_group(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait()
        self.signal_group(signal.SIGKILL)  # also what the first process left behind
        self.wait()


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Answer:
    def __init__(self, status: int, body: bytes, headers=None) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self):
        assert self.status == 200, self.text[:2_000]
        return json.loads(self.body)


class Web:
    """The HTTP API of Cadent or of a Graphite host."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, route: str, **parameters: object) -> Answer:
        return self.ask(f"{route}?{urllib.parse.urlencode(parameters, doseq=True)}")

    def post(self, route: str, **parameters: object) -> Answer:
        return self.ask(route, urllib.parse.urlencode(parameters, doseq=True).encode())

    def post_json(self, route: str, body: object) -> Answer:
        return self.ask(route, json.dumps(body).encode(), "application/json")

    def ask(self, route: str, body: bytes | None = None, content_type: str = "application/x-www-form-urlencoded") -> Answer:
        request = urllib.request.Request(self.url + route, body, {"Content-Type": content_type})
        try:
            with _OPENER.open(request, timeout=30) as response:
                return Answer(response.status, response.read(), response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), error.headers)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect shows as what it is."""

    def redirect_request(self, *_):
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


class Cadent:
    """``cadent serve`` with a data folder of its own, on ports that the system chooses."""

    def __init__(self, folder: Path, *flags: object, **environment: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._flags = flags
        self._environment = environment
        self.start()

    def start(self) -> None:
        """Also again, on the same data."""
        addresses = ["--graphite", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        command = [*CADENT, "serve", "--data", self.data, *addresses, *self._flags]
        self.program = Program(command, self.folder, **self._environment)

    def wait(self) -> None:
        """Until it says that it is ready."""
        self.program.wait_until(lambda: "is ready" in self.program.output and self.program.output.endswith("\n\n"), "ready")
        lines = re.search(r"lines +127\.0\.0\.1:(\d+)", self.program.output)
        self.graphite_port = int(lines[1]) if lines else None  # a service that only reads takes none
        self.http_port = int(re.search(r"http://127\.0\.0\.1:(\d+)", self.program.output)[1])
        self.web = Web(self.http_port)

    def stop(self) -> None:
        self.program.stop()

    def send(self, lines: list[str]) -> None:
        with socket.create_connection(("127.0.0.1", self.graphite_port)) as connection:
            connection.sendall("".join(line + "\n" for line in lines).encode())

    def command(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """``cadent`` with these arguments and this service's ``--data``."""
        return run_cadent(*arguments, "--data", self.data, cwd=self.folder)

    def stats(self) -> dict[str, float]:
        return json.loads(self.command("stats", "--json").stdout)["stats"]


def run_cadent(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        [*CADENT, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
