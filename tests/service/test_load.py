"""The writer is killed while lines come in, and nothing that it had written is lost or counted twice."""

import os
import random
import signal
import threading
import time
from contextlib import suppress

import pytest
from points import PAST, STEP_S, Points, lines_of, past_points, shown, written
from processes import writer_of
from programs import Cadent, eventually

pytestmark = pytest.mark.slow

PATHS = 280
NEW_PATHS = 20  # in each window
KILLS = 4


class Sender(threading.Thread):
    """Sends one window after the other, each once: what a dead writer had not taken up is not sent again."""

    def __init__(self, service: Cadent) -> None:
        super().__init__(daemon=True)
        self.sent: Points = {}
        self._service = service
        self._enough = threading.Event()

    def run(self) -> None:
        window = 0
        while not self._enough.wait(0.05):
            at = PAST + window * STEP_S
            points = past_points("load", PATHS, 1, at) | past_points(f"load.new{window}", NEW_PATHS, 1, at)
            self.sent |= points
            with suppress(OSError):  # the writer was killed meanwhile
                self._service.send(lines_of(points))
            window += 1

    def stop(self) -> None:
        self._enough.set()
        self.join()


def test_everything_written_before_a_kill_is_there_once(serve, quiet):
    service = serve("--config", quiet)
    sender = Sender(service)
    sender.start()
    acknowledged, moments = 0, random.Random(3)
    for _ in range(KILLS):
        time.sleep(moments.uniform(2.5, 4.5))
        writer = writer_of(service)
        acknowledged += written(service)
        os.kill(writer, signal.SIGKILL)
        eventually(lambda killed=writer: writer_of(service) not in {None, killed}, "the writer is started again")
    sender.stop()
    service.stop()  # writes what is open
    service.start()
    service.wait()
    stop = max(at for _, at in sender.sent) + STEP_S
    found = shown(service, ["load.*", "load.new*.*"], PAST, stop)
    assert acknowledged > KILLS * PATHS
    assert len(found) >= acknowledged
    assert {point: found[point] for point in found if found[point] != sender.sent[point]} == {}
