"""How the supervisor and a child process hold together.

A child's standard input carries one line, its Handover, and then nothing. It ends when the supervisor does, kill -9
included: that is the child's sign to end too. Nothing has to be found or cleaned up for that.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..config.file import from_toml, to_toml
from ..config.settings import Config

# A child that ends so has said on stderr what its user has to change: it is not started again.
EXIT_USER_ERROR = 78


@dataclass(frozen=True)
class Handover:
    """What a child needs to know: the configuration and the numbers of the descriptors it inherits."""

    config: Config
    descriptors: Mapping[str, int]

    def pack(self) -> bytes:
        return json.dumps({"config": to_toml(self.config), "descriptors": dict(self.descriptors)}).encode() + b"\n"

    @classmethod
    def receive(cls) -> Handover:
        """Read it from standard input. An early end means that the supervisor is gone."""
        line = sys.stdin.buffer.readline()
        if not line:
            sys.exit(0)
        parts = json.loads(line)
        return cls(from_toml(parts["config"], "the supervisor's configuration"), parts["descriptors"])


def watch(ended: Callable[[], object]) -> None:
    """Call ``ended`` from a thread of its own when the supervisor is gone."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        ended()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
