"""The thread that shows processes elsewhere what the log holds and chunks do not yet."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ..schema.errors import CadentError
from ..schema.identity import Level
from ..schema.protocols import ChunkStore, Log, Publications
from .publish import PublishCounters, Publisher

# Until publications that were unavailable are tried again: twice as long each time.
RETRY_S = 1.0
MOST_RETRY_S = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Publishing:
    """``every_s``: from one round to the next; ``lost_s`` as for Publisher."""

    publications: Publications
    every_s: float
    lost_s: float


class PublishThread:
    """Publishes in rounds, the first one at once. When there is no connection, all stays to be done.

    ``failed`` is called once with an error nobody expected; then the thread has ended.
    """

    def __init__(
        self,
        logs: Mapping[Level, Log],
        store: ChunkStore,
        publishing: Publishing,
        monotonic: Callable[[], float],
        failed: Callable[[BaseException], object],
    ) -> None:
        self._publisher = Publisher(logs, store, publishing.publications, publishing.lost_s, monotonic)
        self._every_s = publishing.every_s
        self._monotonic = monotonic
        self._failed = failed
        self._complete = monotonic()  # when the last round began that ended well
        self._pause_s = RETRY_S
        self._trouble = ""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)

    @property
    def counters(self) -> PublishCounters:
        """Any thread."""
        return replace(self._publisher.counters, lag_s=self._monotonic() - self._complete, trouble=self._trouble)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """End after a last round, or without it after ``timeout_s``: the next writer publishes all that it finds."""
        self._ending.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._ending.wait(self._try()):
                pass
            if not self._trouble:
                self._try()
        except Exception as error:  # noqa: BLE001 - whatever it is, readers elsewhere would wait for ever: the owner must know
            self._failed(error)

    def _try(self) -> float:
        """A round. Returns the seconds until the next one."""
        began = self._monotonic()
        try:
            trouble = self._publisher.round()
        except CadentError as error:
            self._tell(str(error))
            self._pause_s = min(2 * self._pause_s, MOST_RETRY_S)
            return min(self._pause_s, self._every_s)
        self._tell(trouble)
        self._pause_s = RETRY_S
        self._complete = began
        return max(0.0, began + self._every_s - self._monotonic())

    def _tell(self, trouble: str) -> None:
        if trouble and not self._trouble:
            _log.error("cannot publish, and will go on when that is possible: %s", trouble)
        if self._trouble and not trouble:
            _log.warning("publishing again")
        self._trouble = trouble
