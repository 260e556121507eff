"""The servers that are measured, each started on free ports with an empty folder."""

import http.client
import itertools
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from cadent.service.control.client import ControlClient

from .lines import STEP_S, Load
from .machine import VICTORIA_METRICS
from .tree import Tree, command_line

START_S = 30.0
STOP_S = 60.0
SEAL_S = 60.0
OWN_WINDOWS = 3  # that the service has open for what it records of itself


class Server(Protocol):
    """What a load is sent to and asked about."""

    name: str
    graphite_port: int
    tree: Tree

    @property
    def writer_pid(self) -> int:
        """The process that takes the lines."""

    def points(self, paths: Sequence[str], load: Load) -> int:
        """How many samples of these paths a query finds. Cheap: it is polled while lines come in."""

    def all_points(self, load: Load) -> int:
        """How many samples of the whole load queries find."""

    def stop(self) -> None:
        """Ends all its processes."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Http:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def get(self, path: str, **parameters: object) -> bytes:
        return self._answer("GET", f"{path}?{urllib.parse.urlencode(parameters, doseq=True)}")

    def get_into(self, buffer: bytearray, path: str, **parameters: object) -> memoryview:
        """As ``get``, into memory that is there already: that of a large answer costs a client more than to read it."""
        self._connection.request("GET", f"{path}?{urllib.parse.urlencode(parameters, doseq=True)}")
        answer = self._connection.getresponse()
        if answer.status != http.client.OK or answer.length > len(buffer):
            raise RuntimeError(f"GET {path}: {answer.status}, {answer.length} bytes for a buffer of {len(buffer)}")
        whole = memoryview(buffer)[: answer.length]
        rest = whole
        while len(rest):
            rest = rest[answer.readinto(rest) :]
        answer.read()
        return whole

    def post(self, path: str, **parameters: object) -> bytes:
        form = urllib.parse.urlencode(parameters, doseq=True)
        return self._answer("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})

    def _answer(self, method: str, url: str, body: str | None = None, headers: dict[str, str] | None = None) -> bytes:
        try:
            self._connection.request(method, url, body, headers or {})
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        if answer.status != http.client.OK:
            raise RuntimeError(f"{method} {url[:200]}: {answer.status} {content[:500]!r}")
        return content


class Cadent:
    """``cadent serve`` of the environment that runs the benchmark."""

    name = "Cadent"

    def __init__(self, folder: Path, *flags: str) -> None:
        self.data = folder / "data"
        self._flags = flags
        self.graphite_port, self.http_port = free_port(), free_port()
        self._log = (folder / "cadent.log").open("a")
        self.start()

    def start(self) -> None:
        listeners = [f"--graphite=127.0.0.1:{self.graphite_port}", f"--http=127.0.0.1:{self.http_port}"]
        command = [sys.executable, "-m", "cadent", "serve", f"--data={self.data}", *listeners, *self._flags]
        # Outside the checkout, so that the installed package is what runs.
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, cwd=self.data.parent)
        self.tree = Tree(self._process.pid)
        self.http = Http(self.http_port)
        wait_for_http(self.http, "/health", self._process)
        if "--read-only" not in self._flags:
            wait_for_tcp(self.graphite_port, self._process)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self.wait()

    def wait(self) -> None:
        """Until its main process has ended."""
        self._process.wait(STOP_S)

    @property
    def writer_pid(self) -> int:
        return next(pid for pid in self.tree.pids() if "cadent.service.writer.process" in command_line(pid))

    def stats(self) -> dict[str, float]:
        command = [sys.executable, "-m", "cadent", "stats", f"--data={self.data}", "--json"]
        return json.loads(subprocess.run(command, capture_output=True, check=True, cwd=self.data.parent).stdout)["stats"]

    def seal(self) -> None:
        """All that was sent is in chunks when this returns."""
        self._wait_for(lambda stats: stats["windows.open"] <= OWN_WINDOWS and not stats["queue.windows"])
        control = ControlClient(self.data)
        control.ask("seal")
        control.close()
        self._wait_for(lambda stats: not stats["queue.segments"])

    def _wait_for(self, state: Callable[[dict[str, float]], bool]) -> None:
        give_up = time.monotonic() + SEAL_S
        while not state(stats := self.stats()):
            if time.monotonic() > give_up:
                raise TimeoutError(f"not sealed within {SEAL_S:.0f} s: {stats}")
            time.sleep(0.1)

    def points(self, paths: Sequence[str], load: Load) -> int:
        return self._samples(paths, load)

    def all_points(self, load: Load) -> int:
        return sum(self._samples(batch, load) for batch in load.targets)

    def _samples(self, targets: Sequence[str], load: Load) -> int:
        # The first slot is the one after `from`.
        until = load.first_time + load.windows * STEP_S
        answer = self.http.post(
            "/graphite/metrics",
            **{"target": targets, "from": load.first_time - 1, "to": until, "agg": "count", "format": "binary"},
        )
        return int(np.nansum(binary_values(answer)))


class VictoriaMetrics:
    """The peer."""

    name = "VictoriaMetrics"

    def __init__(self, folder: Path) -> None:
        self.graphite_port, http_port = free_port(), free_port()
        command = [
            VICTORIA_METRICS,
            f"-graphiteListenAddr=127.0.0.1:{self.graphite_port}",
            f"-httpListenAddr=127.0.0.1:{http_port}",
            f"-storageDataPath={folder / 'victoria-metrics'}",
            "-retentionPeriod=12",
            "-search.maxUniqueTimeseries=10000000",
            "-loggerLevel=ERROR",
        ]
        self._process = subprocess.Popen(command)
        self.tree = Tree(self._process.pid)
        self.http, self._questions = Http(http_port), itertools.count()
        wait_for_http(self.http, "/health", self._process)
        wait_for_tcp(self.graphite_port, self._process)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(STOP_S)

    @property
    def writer_pid(self) -> int:
        return self._process.pid

    def points(self, paths: Sequence[str], load: Load) -> int:
        return self._samples("|".join(map(re.escape, paths)), load)

    def all_points(self, load: Load) -> int:
        return self._samples(".+", load)

    def _samples(self, names: str, load: Load) -> int:
        span_s = load.windows * STEP_S
        # It remembers for 10 s which series a filter found, none included: so each question has a filter of its own.
        quoted = f"{names}|question {next(self._questions)}".replace("\\", "\\\\")
        query = f'sum(count_over_time({{__name__=~"{quoted}"}}[{span_s}s]))'
        # nocache: else the newest 30 s are held back.
        answer = self.http.post("/api/v1/query", query=query, time=load.first_time + span_s - 1, nocache=1)
        result = json.loads(answer)["data"]["result"]
        return int(result[0]["value"][1]) if result else 0


def peers() -> list[type]:
    return [VictoriaMetrics] if VICTORIA_METRICS else []


def binary_values(answer: bytes | memoryview) -> np.ndarray:
    """All values of a binary answer, one series after the other: docs/formats/series.md."""
    magic, version, header_bytes = struct.unpack_from("<4sB3xI", answer)
    if (magic, version) != (b"CDNT", 1):
        raise RuntimeError(f"not a binary answer of version 1: {answer[:12]!r}")
    return np.frombuffer(answer, "<f8", offset=12 + header_bytes)


def wait_for_http(connection: Http, path: str, process: subprocess.Popen) -> None:
    wait(lambda: connection.get(path), process)


def wait_for_tcp(port: int, process: subprocess.Popen) -> None:
    wait(lambda: socket.create_connection(("127.0.0.1", port)).close(), process)


def wait(attempt: Callable[[], object], process: subprocess.Popen) -> None:
    """Until ``attempt`` does not fail any more; a server that does not come up in time is ended."""
    give_up = time.monotonic() + START_S
    while not succeeds(attempt):
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            raise RuntimeError(f"{process.args[0]} does not start; its exit status: {process.wait()}")
        time.sleep(0.02)


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, http.client.HTTPException, RuntimeError):
        return False
    return True
