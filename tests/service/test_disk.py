"""A disk that takes no more: lines are taken on, queries see them, and nothing is lost once there is room again."""

import contextlib
import os
import random
import resource
import signal
import socket
import threading
import time

import pytest
from cadent.service.control.client import ControlClient
from points import PAST, lines_of, past_points, shown, wait_until_shown, wait_until_written, written
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


def test_a_disk_that_is_really_full_loses_nothing_that_was_acknowledged(small_disk, service_on, quiet):
    """Points of paths that it knows are found meanwhile; new names wait for the disk too."""
    disk = small_disk(24 << 20)
    service = service_on(disk, "--config", quiet)
    before = past_points("full", 400, 1)
    service.send(lines_of(before))
    wait_until_written(service, len(before))
    disk.fill()
    during = past_points("full", 400, 300, PAST + 10)  # more than the log has allocated ahead
    service.send(lines_of(during))
    eventually(lambda: service.web.get("/health").status == 503, "the writer has tried to write")
    assert "the writer cannot write: " in service.web.get("/health").text
    assert written(service) < len(before) + len(during)
    wait_until_shown(service, "full.*", before | during)
    disk.make_room()
    wait_until_written(service, len(before) + len(during))
    eventually(lambda: service.web.get("/health").status == 200, "all is well again")
    os.kill(writer_of(service), signal.SIGKILL)
    wait_until_shown(service, "full.*", before | during)


def test_a_seal_on_a_full_disk_is_done_when_there_is_room(small_disk, service_on, quiet):
    disk = small_disk(24 << 20)
    service = service_on(disk, "--config", quiet)
    # Chunks of these take more than the end of a segment gives back of what it had allocated ahead.
    rng = random.Random(1)
    sent = {key: (1, rng.random()) for key in past_points("seal", 1_000, 200)}
    service.send([f"{path} {value!r} {at}" for (path, at), (_, value) in sent.items()])
    wait_until_written(service, len(sent))
    disk.fill()
    client = ControlClient(disk.folder)
    client.ask("seal")
    eventually(lambda: service.web.get("/health").status == 503, "the writer has tried to seal")
    assert client.ask("stats")["stats"]["queue.segments"] > 0
    assert shown(service, "seal.*", PAST, PAST + 2_000) == sent
    disk.make_room()
    eventually(lambda: client.ask("stats")["stats"]["queue.segments"] == 0, "all is sealed")
    client.close()
    eventually(lambda: service.web.get("/health").status == 200, "all is well again")
    assert shown(service, "seal.*", PAST, PAST + 2_000) == sent


def test_windows_wait_in_memory_up_to_a_bound_and_then_their_senders(small_disk, service_on, tmp_path):
    """What waits is neither lost nor taken twice."""
    (tmp_path / "bound.toml").write_text(
        '[store]\nopen_windows_bytes = "1MiB"\nqueue_bytes = "1MiB"\n[service]\nself_metrics = false\n'
    )
    disk = small_disk(32 << 20)
    service = service_on(disk, "--config", tmp_path / "bound.toml")
    first = past_points("bound", 500, 1)
    service.send(lines_of(first))
    wait_until_written(service, len(first))
    disk.fill()
    sent = past_points("bound", 500, 600)
    data = "".join(line + "\n" for line in lines_of(sent)).encode()
    with sending(service.graphite_port, data) as sender:
        service.program.wait_until(lambda: "no more lines are read" in service.program.output, "the bound is reached")
        seen = settled(lambda: service.stats()["bytes.received"])
        assert seen < len(data)
        assert service.stats()["queue.bytes"] < 16 << 20, "the bound, and what was open or under way when it was reached"
        disk.make_room()
        sender.join(60)
        assert not sender.is_alive(), "all is sent"
    service.program.wait_until(lambda: "lines are read again" in service.program.output, "they are read again")
    twice = {key: (count + 2, total + first[key][1]) if key in first else (count, total) for key, (count, total) in sent.items()}
    wait_until_shown(service, "bound.*", twice)


def test_a_log_that_reaches_its_bound_is_sealed_before_more_lines_are_read(small_disk, service_on, tmp_path):
    (tmp_path / "bound.toml").write_text('[store]\nlog_bytes = "1MiB"\n[service]\nself_metrics = false\n')
    service = service_on(small_disk(64 << 20), "--config", tmp_path / "bound.toml")
    sent = past_points("long", 500, 600)
    service.send(lines_of(sent))
    service.program.wait_until(lambda: "no more lines are read: the log has " in service.program.output, "the bound is reached")
    service.program.wait_until(lambda: "lines are read again" in service.program.output, "it is sealed")
    wait_until_shown(service, "long.*", sent)
    assert service.stats()["seal.segments"] > 0


@contextlib.contextmanager
def sending(port: int, data: bytes):
    """Sends ``data`` as fast as it is taken, from a thread of its own; gives the thread."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        thread = threading.Thread(target=connection.sendall, args=(data,), daemon=True)
        thread.start()
        yield thread


def settled(measure) -> float:
    """What ``measure`` gives twice in a row, a while apart."""
    while True:
        before = measure()
        time.sleep(0.5)
        if measure() == before:
            return before
