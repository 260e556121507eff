"""A disk that takes no more: lines are taken on, queries see them, and nothing is lost once there is room again."""

import os
import resource
import signal

import pytest
from points import lines_of, past_points, wait_until_shown, wait_until_written, written
from processes import of_group, writer_of
from programs import eventually


@pytest.fixture
def service(serve, quiet):
    return serve("--config", quiet)


def allow(service, largest_file) -> None:
    """What stands for a full disk: the kernel lets the writer's files grow no further. Names and messages still fit."""
    resource.prlimit(writer_of(service), resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))


def test_a_full_disk_is_said_and_survived(service):
    sent = past_points("full", 50, 10)
    allow(service, 64 << 10)
    service.send(lines_of(sent))
    eventually(lambda: service.web.get("/health").status == 503, "the writer has tried to write")
    assert "the writer cannot write: " in service.web.get("/health").text
    wait_until_shown(service, "full.*", sent)
    assert written(service) == 0
    allow(service, resource.RLIM_INFINITY)
    wait_until_written(service, len(sent))
    eventually(lambda: service.web.get("/health").status == 200, "all is well again")
    os.kill(writer_of(service), signal.SIGKILL)
    wait_until_shown(service, "full.*", sent)


def test_a_stop_that_cannot_write_says_what_is_lost_and_fails(service):
    allow(service, 64 << 10)
    service.send(lines_of(past_points("lost", 5, 7)))
    eventually(lambda: service.stats()["lines.received"] == 70, "all lines")
    service.program.signal(signal.SIGTERM)
    assert service.program.wait(10) == 1
    assert of_group(service.program.pid) == {}
    assert "error writer: 7 windows could not be written and are lost" in service.program.output
