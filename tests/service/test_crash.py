"""Processes of a running service that are killed. What was written before is there afterwards, exactly once."""

import os
import signal
import time
from contextlib import suppress

import pytest
from cadent.service.control.client import ControlClient
from points import PAST, lines_of, past_points, shown, wait_until_shown, wait_until_written
from processes import api_of, of_group, writer_of
from programs import eventually


@pytest.fixture
def service(serve, quiet):
    return serve("--config", quiet)


def kill_and_wait(service, pid: int, successor) -> None:
    """Kill ``pid`` and wait until ``successor`` gives another one."""
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: successor() not in {None, pid}, "it is started again")


def healthy(service) -> bool:
    with suppress(OSError):
        return service.web.get("/health").status == 200
    return False


def asked_of_the_writer(service, target: str, times: int) -> bool:
    """Whether so many answers in a row have what the writer knows."""
    answers = (service.web.get("/graphite/metrics", target=target) for _ in range(times))
    return all("X-Cadent-Writer" not in answer.headers for answer in answers)


def test_a_killed_writer_is_started_again_and_has_everything_that_was_written(service):
    before, after = past_points("before", 50, 20), past_points("after", 50, 20)
    service.send(lines_of(before))
    wait_until_written(service, len(before))
    kill_and_wait(service, writer_of(service), lambda: writer_of(service))
    assert "the writer ended (killed by SIGKILL) and is started again" in service.program.output
    wait_until_shown(service, "before.*", before)
    service.send(lines_of(after))
    wait_until_written(service, len(after))
    wait_until_shown(service, "before.*", before)
    wait_until_shown(service, "after.*", after)


def test_a_writer_killed_again_and_again_counts_nothing_twice(service):
    sent = {}
    for turn in range(3):
        points = past_points("turn", 10, 10, PAST + 100 * turn)
        sent |= points
        service.send(lines_of(points))
        wait_until_written(service, len(points))
        kill_and_wait(service, writer_of(service), lambda: writer_of(service))
        wait_until_shown(service, "turn.*", sent)


def test_a_killed_writer_between_two_samples_of_a_window_adds_them(service):
    """Late samples after a crash are one more record for the same point."""
    service.send([f"late.p 1 {PAST}"])
    wait_until_written(service, 1)
    kill_and_wait(service, writer_of(service), lambda: writer_of(service))
    service.send([f"late.p 2 {PAST + 9}"])
    wait_until_shown(service, "late.*", {("late.p", PAST): (2, 3.0)})


def test_while_the_writer_is_dead_queries_answer_from_disk_and_health_says_so(service):
    written = past_points("disk", 5, 5)
    service.send(lines_of(written))
    wait_until_written(service, len(written))
    os.kill(writer_of(service), signal.SIGSTOP)  # as one that hangs: nobody starts another
    try:
        answer = service.web.get("/graphite/metrics", target="disk.p000", to=PAST + 60, **{"from": PAST - 1})
        assert [value for value, _ in answer.json["series"]["disk.p000"] if value is not None]
        assert answer.headers["X-Cadent-Writer"] == "gone"
        health = service.web.get("/health")
        assert (health.status, '"writer":"dead"' in health.text) == (503, True)
    finally:
        os.kill(writer_of(service), signal.SIGCONT)
    eventually(lambda: healthy(service), "it is healthy again")
    # Each API worker asks a writer that hung again only after a while.
    eventually(lambda: asked_of_the_writer(service, "disk.p000", 10), "all answers are with open windows again")


def test_while_the_writer_hangs_queries_do_not_wait_for_it_one_by_one(service):
    written = past_points("hang", 5, 5)
    service.send(lines_of(written))
    wait_until_written(service, len(written))
    os.kill(writer_of(service), signal.SIGSTOP)
    try:
        begun = time.monotonic()
        for _ in range(20):
            assert service.web.get("/graphite/metrics", target="hang.p000").headers["X-Cadent-Writer"] == "gone"
        # One time-out of 2 s in each of two API workers, once more after a while: not 20.
        assert time.monotonic() - begun < 20
    finally:
        os.kill(writer_of(service), signal.SIGCONT)
    eventually(lambda: healthy(service), "it is healthy again")
    wait_until_shown(service, "hang.*", written)


def test_without_a_control_socket_queries_answer_from_disk_and_lines_are_taken_on(service):
    sent = past_points("socket", 5, 5)
    service.send(lines_of(sent))
    wait_until_written(service, len(sent))
    (service.data / "control.sock").unlink()
    eventually(lambda: "X-Cadent-Writer" in service.web.get("/graphite/metrics", target="socket.*").headers, "it is missed")
    assert shown(service, "socket.*", PAST, PAST + 100) == sent
    later = past_points("later", 5, 5)
    service.send(lines_of(later))
    wait_until_shown(service, "later.*", later)


def test_lines_sent_while_the_writer_is_dead_are_not_lost(service):
    """The supervisor holds the listener: connections wait for the next writer."""
    os.kill(writer_of(service), signal.SIGKILL)
    sent = past_points("waiting", 10, 10)
    service.send(lines_of(sent))
    wait_until_shown(service, "waiting.*", sent)


def test_a_killed_api_is_started_again_on_the_same_port(service):
    sent = past_points("api", 5, 5)
    service.send(lines_of(sent))
    kill_and_wait(service, api_of(service)[0], lambda: api_of(service)[0])
    wait_until_shown(service, "api.*", sent)
    eventually(lambda: len(api_of(service)[1]) == 2, "two workers, and none of the dead master's")


def test_a_killed_api_worker_is_started_again(service):
    sent = past_points("worker", 5, 5)
    service.send(lines_of(sent))
    killed = api_of(service)[1]
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: len(set(api_of(service)[1]) - set(killed)) == 2, "two new workers")
    wait_until_shown(service, "worker.*", sent)


def test_a_killed_supervisor_takes_all_processes_along_and_leaves_the_folder_free(service):
    open_windows = past_points("open", 20, 1)
    service.send(lines_of(open_windows))
    wait_until_shown(service, "open.*", open_windows)
    service.program.signal(signal.SIGKILL)
    service.program.wait()
    service.start()  # at once: it waits for those that are ending
    service.wait()
    wait_until_shown(service, "open.*", open_windows)


def test_nothing_outlives_a_killed_supervisor(service):
    group = service.program.pid
    eventually(lambda: len(of_group(group)) == 5, "supervisor, writer, gunicorn and its two workers")
    service.program.signal(signal.SIGKILL)
    service.program.wait()
    eventually(lambda: of_group(group) == {}, "all processes have ended")


@pytest.mark.parametrize("of", ["writer", "API"])
def test_processes_that_hang_are_killed_when_the_service_stops(service, of):
    master, workers = api_of(service)
    for pid in [writer_of(service)] if of == "writer" else [master, *workers]:
        os.kill(pid, signal.SIGSTOP)
    service.program.signal(signal.SIGTERM)
    assert service.program.wait(10) == (1 if of == "writer" else 0), "what the writer held is lost"
    assert of_group(service.program.pid) == {}
    assert f"the {of} did not end in time and is killed" in service.program.output


def test_everything_killed_at_once_is_taken_up_by_the_next_start(service):
    sent = past_points("all", 50, 20)
    service.send(lines_of(sent))
    wait_until_written(service, len(sent))
    service.program.signal_group(signal.SIGKILL)
    service.program.wait()
    service.start()
    service.wait()
    wait_until_shown(service, "all.*", sent)
    service.stop()
    service.start()
    service.wait()
    assert shown(service, "all.*", PAST, PAST + 200) == sent


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1])
def test_a_writer_killed_while_it_seals_loses_and_doubles_nothing(service, after_s):
    sent = past_points("seal", 200, 50)
    service.send(lines_of(sent))
    wait_until_written(service, len(sent))
    client = ControlClient(service.data)
    client.ask("seal")
    time.sleep(after_s)
    kill_and_wait(service, writer_of(service), lambda: writer_of(service))
    wait_until_shown(service, "seal.*", sent)
    eventually(lambda: healthy(service), "the writer answers")
    client.ask("seal")
    eventually(lambda: client.ask("stats")["stats"]["queue.segments"] == 0, "all is sealed")
    assert list(service.data.glob("default/10/*.block"))
    assert shown(service, "seal.*", PAST, PAST + 500) == sent
    client.close()
