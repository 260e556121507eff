"""What monitors are told."""

from cadent.api.backend import WriterState
from folder import NOW, STOP

AGE_S = float(NOW - (STOP - 10))


def health(client):
    answer = client.get("/health")
    return answer.status_code, answer.json


def test_a_process_that_only_reads_goes_by_the_newest_point(client):
    assert health(client) == (200, {"status": "ok", "writer": "none", "pid": None, "age_s": AGE_S, "warnings": []})


def test_old_points_without_a_writer_are_not_healthy(application):
    client = application.client(now=NOW + 600.0)
    assert health(client) == (
        503,
        {"status": "the newest point is 810 s old", "writer": "none", "pid": None, "age_s": AGE_S + 600, "warnings": []},
    )


def test_a_living_writer_is_healthy_however_old_the_points(application):
    client = application.client(now=NOW + 86_400.0, writer=WriterState("alive", 7, None))
    assert health(client) == (200, {"status": "ok", "writer": "alive", "pid": 7, "age_s": AGE_S + 86_400, "warnings": []})


def test_the_writer_may_hold_a_newer_sample(application):
    status, report = health(application.client(writer=WriterState("alive", 7, NOW - 3)))
    assert (status, report["age_s"]) == (200, 3.0)


def test_a_sample_from_the_future_is_not_older_than_now(application):
    assert health(application.client(writer=WriterState("alive", 7, NOW + 60)))[1]["age_s"] == 0.0


def test_a_writer_whose_disk_is_full_is_not_healthy_and_says_why(application):
    writer = WriterState("alive", 7, NOW, trouble="/data: No space left on device")
    status, report = health(application.client(writer=writer))
    assert (status, report["status"]) == (503, "the writer cannot write: /data: No space left on device")


def test_a_dead_writer_is_not_healthy(application):
    status, report = health(application.client(writer=WriterState("dead")))
    assert (status, report["status"], report["writer"]) == (503, "the writer is dead", "dead")


def test_what_somebody_should_look_at_is_told_though_all_is_well(application):
    writer = WriterState("alive", 7, NOW, warnings=("the clock jumped",))
    status, report = health(application.client(writer=writer))
    assert (status, report["status"], report["warnings"]) == (200, "ok", ["the clock jumped"])
