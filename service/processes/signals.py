"""Signals as something to wait for, in the order they came."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable
from types import TracebackType


class Signals:
    """Collects ``numbers`` for as long as it is entered; ``wait`` hands them out. Main thread only."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._numbers = tuple(numbers)

    def __enter__(self) -> Signals:  # noqa: PYI034 - typing.Self is of 3.11
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        # A Python handler, even one that does nothing, is what makes the interpreter write to the pipe.
        self._before = {number: signal.signal(number, lambda *_: None) for number in self._numbers}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._read)
        os.close(self._write)

    def wait(self, timeout_s: float | None) -> list[int]:
        """The signals since the last call; empty after ``timeout_s`` without one."""
        ready, _, _ = select.select([self._read], [], [], timeout_s)
        return list(os.read(self._read, 4_096)) if ready else []
