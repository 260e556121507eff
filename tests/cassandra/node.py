"""Real Cassandra nodes on loopback, each with a folder and ports of its own."""

import json
import random
import signal
import socket
import subprocess
from pathlib import Path

from configuration import DURABLE, OPEN, PASSWORD, PERIODIC, Ports, cassandra_yaml
from jars import Runtime
from programs import Program, eventually
from server import Server

HERE = Path(__file__).parent
STOP_S = 60
NODETOOL_S = 60
LOG_LINES = 60

# Clients are not given ports from here: one that calls while its node is down could otherwise take the node's.
SERVER_PORTS = range(20_000, 32_000)


class NodeFailed(Exception):
    """A node did not start, or a command to it failed; with the last lines of what it said."""


class CassandraNode(Server):
    """One node; its data and its ports stay over all of its starts.

    ``seed``: a running node whose ring this one joins. ``durable``: whatever is acknowledged survives a kill, not only what is
    older than a second. ``password``: it wants a login; the first is cassandra with the password cassandra. ``settings``
    are further lines of its cassandra.yaml.

    A node ends with the thread that started it at the latest, so a test run that is killed leaves none behind.
    """

    def __init__(
        self,
        runtime: Runtime,
        folder: Path,
        *,
        address: str = "127.0.0.1",
        seed: "CassandraNode | None" = None,
        durable: bool = False,
        password: bool = False,
        heap: str = "512M",
        **settings: object,
    ) -> None:
        super().__init__(address, server_port(address))
        self.folder = folder
        self.storage_port = seed.storage_port if seed else server_port(address)
        self._runtime = runtime
        self._heap = heap
        self._jmx_port = server_port("127.0.0.1")
        self._ring_delay_ms = 1_000 if seed else 0
        self._first_user = "Created default superuser role" if password and seed is None else ""
        ports = Ports(self.port, self.storage_port, server_port(address))
        folder.mkdir(parents=True, exist_ok=True)
        lines = cassandra_yaml(folder, address, ports, seed.address if seed else address)
        lines |= (DURABLE if durable else PERIODIC) | (PASSWORD if password else OPEN) | settings
        (folder / "cassandra.yaml").write_text(json.dumps(lines, indent=2))  # JSON is YAML

    def start(self) -> None:
        """Returns once it answers, and has the user that can log in."""
        self._program = Program(self._command(), self.folder)
        try:
            self._program.wait_until(self._is_ready, f"Cassandra answers on {self}")
        except AssertionError as error:
            self.kill()
            reason, _, _whole_log = str(error).partition("\n")
            raise NodeFailed(f"{reason}\n{self.log_tail()}") from None
        except BaseException:
            self.kill()
            raise
        self._first_user = ""

    def _is_ready(self) -> bool:
        """The first user is made, and written to the log, a moment after the port answers; later starts find it."""
        return self.answers() and self._first_user in self._program.output

    def stop(self) -> None:
        """It says goodbye and writes all down."""
        self._program.signal(signal.SIGTERM)
        self._program.wait(STOP_S)

    def kill(self) -> None:
        self._program.signal(signal.SIGKILL)
        self._program.wait()

    def pause(self) -> None:
        """Its sockets stay open, and nobody answers."""
        self._program.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._program.signal(signal.SIGCONT)

    @property
    def pid(self) -> int:
        return self._program.pid

    def nodetool(self, *arguments: str) -> str:
        """What ``nodetool flush keyspace``, say, prints."""
        command = [*self._java(), "-Xmx128m", f"-Duser.home={self.folder}", "org.apache.cassandra.tools.NodeTool"]
        command += ["-h", "127.0.0.1", "-p", str(self._jmx_port), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=NODETOOL_S, check=False)
        if done.returncode:
            raise NodeFailed(f"nodetool {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def wait_for_ring(self, size: int) -> None:
        """Until this node sees so many that are up, itself included."""
        eventually(lambda: self._nodes_up() == size, f"{size} nodes up in\n{self.log_tail()}")

    def _nodes_up(self) -> int:
        return sum(line.startswith("UN ") for line in self.nodetool("status").splitlines())

    def log_tail(self) -> str:
        return "\n".join(self._program.output.splitlines()[-LOG_LINES:])

    def _command(self) -> list[str]:
        (jamm,) = self._runtime.jars.glob("jamm-*.jar")
        return [
            *self._java(),
            "-Xms128m",  # as root all of it is locked in memory at once
            f"-Xmx{self._heap}",
            "-Xss512k",
            "-XX:+UseG1GC",
            "-XX:TieredStopAtLevel=1",  # a start takes a third less
            "-XX:+ExitOnOutOfMemoryError",
            f"-javaagent:{jamm}",
            *(f"-D{name}={value}" for name, value in self._properties().items()),
            "org.apache.cassandra.service.CassandraDaemon",
        ]

    def _java(self) -> list[str]:
        """What the server and nodetool have in common."""
        logging = f"-Dlogback.configurationFile={HERE / 'logback.xml'}"  # else it prints all there is to debug
        return [self._runtime.java, f"@{HERE / 'java.options'}", logging, "-cp", f"{self._runtime.jars}/*"]

    def _properties(self) -> dict[str, object]:
        return {
            "cassandra-foreground": "yes",
            "cassandra.config": (self.folder / "cassandra.yaml").as_uri(),
            "cassandra.storagedir": self.folder,
            "cassandra.logdir": self.folder,
            "cassandra.jmx.local.port": self._jmx_port,
            "cassandra.ring_delay_ms": self._ring_delay_ms,  # else 30 s
            "cassandra.skip_wait_for_gossip_to_settle": 0,  # else 8 s
            "cassandra.superuser_setup_delay_ms": 0,  # else the first login works 10 s later
            "jdk.attach.allowAttachSelf": "true",
            "io.netty.tryReflectionSetAccessible": "true",
            "java.io.tmpdir": self.folder,  # native libraries are unpacked there
        }


def server_port(address: str) -> int:
    """One on which nobody listens."""
    return next(port for port in random.sample(SERVER_PORTS, len(SERVER_PORTS)) if is_free(address, port))


def is_free(address: str, port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind((address, port))
        except OSError:
            return False
    return True
