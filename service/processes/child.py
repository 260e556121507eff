"""One child process of the service: started, watched, started again, ended."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping

from . import host
from .lifeline import EXIT_USER_ERROR, Handover

_log = logging.getLogger(__name__)

# How long a child that ended waits for its next start, by how often it ended in a row.
_PAUSES_S = (0.1, 0.3, 1.0, 3.0)
# Up for so long, it starts from the first pause again.
_STEADY_S = 10.0

_ENVIRONMENT = {
    # Our arrays are small or not for BLAS at all; its threads would only cost memory.
    "OPENBLAS_NUM_THREADS": "1",
}


class Child:
    """``python -m module``, which gets ``handover`` on its standard input and inherits its descriptors.

    ``failures``: how often in a row it ended soon after its start. ``last_status``: with which it last ended, negative for a
    signal.
    """

    def __init__(self, name: str, module: str, handover: Handover, environment: Mapping[str, str] | None = None) -> None:
        """``environment``: variables it gets unless they are set."""
        self.name = name
        self.failures = 0
        self.last_status: int | None = None
        self._module = module
        self._handover = handover
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due = 0.0

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self, now: float) -> None:
        descriptors: Mapping[str, int] = self._handover.descriptors
        self._started = now
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            # Python looks for modules there first: nothing is to be imported from where the service happens to be started.
            cwd="/",
            stdin=subprocess.PIPE,
            pass_fds=tuple(descriptors.values()),
            env={**_ENVIRONMENT, **self._environment, **os.environ},
            preexec_fn=_ignore_interrupts,  # noqa: PLW1509 - the supervisor has one thread
        )
        self._write(self._handover.pack())

    def tend(self, now: float) -> int | None:
        """Start it again if it is dead and the pause is over. Returns the status of one that just ended."""
        if self._process is None:
            if now >= self._due:
                self.start(now)
            return None
        status = self._process.poll()
        if status is not None:
            self._forget()
            self._plan_next(now, status)
        return status

    def due_in(self, now: float) -> float | None:
        """Seconds until the next start; None while it runs."""
        return None if self._process is not None else max(0.0, self._due - now)

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def wait(self, timeout_s: float) -> bool:
        """Whether it is gone within ``timeout_s``."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, timeout_s))
        except subprocess.TimeoutExpired:
            return False
        self._forget()
        return True

    def kill(self) -> None:
        """End it and all processes below it, which may hang as it did and would keep the folder locked."""
        if self._process is None:
            return
        _log.warning("the %s did not end in time and is killed", self.name)
        below = host.children(self._process.pid)
        self._process.kill()
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._forget()

    def _write(self, data: bytes) -> None:
        """One line, kept open: its end is what tells the child that we are gone."""
        if self._process is None or self._process.stdin is None:
            return
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            _log.debug("the %s ended before it was told what to do", self.name)

    def _plan_next(self, now: float, status: int) -> None:
        self.failures = 1 if now - self._started >= _STEADY_S else self.failures + 1
        pause_s = _PAUSES_S[min(self.failures, len(_PAUSES_S)) - 1]
        self._due = now + pause_s
        if status != EXIT_USER_ERROR:
            _log.warning("the %s ended (%s) and is started again in %g s", self.name, _words(status), pause_s)

    def _forget(self) -> None:
        """It has ended."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.last_status = self._process.returncode
        self._process = None


def _ignore_interrupts() -> None:
    """Ctrl-C goes to the whole group. A child that still imports would end with a traceback; the supervisor will stop it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _words(status: int) -> str:
    return f"status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
