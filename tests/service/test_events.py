"""Events live in the data folder: they outlive every process, and go where the data go."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest
from processes import api_of
from programs import eventually, run_cadent


@pytest.fixture
def service(serve, quiet):
    return serve("--config", quiet)


@pytest.fixture
def serve_data(tmp_path, quiet, start_in):
    """serve_data(folder): a running service on a data folder that is there already."""

    def start(data):
        folder = tmp_path / f"on-{data.name}"
        folder.mkdir()
        (folder / "data").symlink_to(data)
        return start_in(folder, "--config", quiet)

    return start


def post(service, what):
    """The id, if the event was taken."""
    return service.web.post_json("/events/", {"what": what, "tags": ["t"], "when": 7}).json["id"]


def found(service):
    return {event["id"]: event["what"] for event in service.web.get("/events/get_data", tags="t").json}


def succeed(done):
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def stop_in_a_commit(file):
    """As a process does that is killed then."""
    program = f"""
import os, signal, sqlite3
db = sqlite3.connect({str(file)!r}, isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE event SET what = 'half'")
for _ in range(200):
    db.execute("INSERT INTO event (time, what, tags, data) VALUES (7, 'half', '', ?)", ["x" * 4000])
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False, timeout=30)
    assert file.with_name(file.name + "-journal").stat().st_size > 0


def test_what_was_acknowledged_is_there_when_all_processes_were_killed(service):
    acknowledged = {}

    def work(name):
        for number in range(10_000):
            what = f"{name}-{number}"
            try:
                acknowledged[post(service, what)] = what
            except (OSError, AssertionError):  # the worker is gone, or said that it is about to be
                return

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    eventually(lambda: len(acknowledged) > 40, "some are taken")
    service.program.signal_group(signal.SIGKILL)
    for thread in threads:
        thread.join()
    service.program.wait()
    service.start()
    service.wait()
    assert acknowledged.items() <= found(service).items()


def test_a_killed_worker_takes_no_event_with_it(service):
    posted = {post(service, "before"): "before"}
    for worker in api_of(service)[1]:
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: service.web.get("/version").status == 200, "another worker answers")
    posted[post(service, "after")] = "after"
    assert found(service) == posted


@pytest.mark.parametrize("running", [True, False])
def test_a_snapshot_has_the_events_and_gives_them_back(service, serve_data, tmp_path, running):
    posted = {post(service, what): what for what in ("one", "two")}
    if not running:
        service.stop()
    succeed(service.command("snapshot", tmp_path / "snapshot"))
    if running:
        post(service, "later")
    succeed(run_cadent("restore", tmp_path / "snapshot", "--data", tmp_path / "restored", cwd=tmp_path))
    restored = serve_data(tmp_path / "restored")
    assert found(restored) == posted
    posted[post(restored, "more")] = "more"
    assert found(restored) == posted


@pytest.mark.parametrize("command", ["snapshot", "restore"])
def test_a_copy_undoes_what_a_killed_process_began(service, serve_data, tmp_path, command):
    posted = {post(service, "one"): "one"}
    service.stop()
    stop_in_a_commit(service.data / "events.db")
    copy = tmp_path / "copy"
    if command == "snapshot":
        succeed(service.command("snapshot", copy))
    else:
        succeed(run_cadent("restore", service.data, "--data", copy, cwd=tmp_path))
    assert found(serve_data(copy)) == posted


def test_without_events_there_is_no_file_and_a_copy_has_none(service, tmp_path):
    assert found(service) == {}
    succeed(service.command("snapshot", tmp_path / "snapshot"))
    succeed(run_cadent("restore", tmp_path / "snapshot", "--data", tmp_path / "restored", cwd=tmp_path))
    assert [path for folder in (service.folder, tmp_path) for path in folder.rglob("events.db*")] == []


@pytest.mark.parametrize("running", [True, False])
def test_check_finds_a_damaged_file_and_a_repair_puts_it_aside(service, running):
    for number in range(100):
        post(service, str(number))
    file = service.data / "events.db"
    sound = file.read_bytes()
    harmed = sound[:4_100] + random.Random(1).randbytes(2_000) + sound[6_100:]
    if not running:
        service.stop()
    assert succeed(service.command("check")).endswith("nothing is damaged\n")
    file.write_bytes(harmed)
    done = service.command("check")
    assert done.returncode == 1
    assert f"{file} is damaged: " in done.stdout
    assert "lost: events" in done.stdout
    if running:
        return
    service.command("check", "--repair")
    assert (service.data / "damaged" / "events.db").read_bytes() == harmed
    assert succeed(service.command("check")) == "nothing is damaged\n"
    service.start()
    service.wait()
    assert found(service) == {}
    assert found(service) | {post(service, "new"): "new"} == found(service)


def test_the_file_is_sqlite_that_others_can_read(service):
    id_ = post(service, "one")
    with sqlite3.connect(service.data / "events.db") as db:
        assert db.execute("SELECT id, time, what, tags FROM event").fetchall() == [(id_, 7, "one", "t")]
    db.close()


def test_a_form_of_curl_is_taken(service):
    answer = service.web.ask("/events/", json.dumps({"what": "by curl", "tags": "t", "when": 7}).encode())
    assert found(service) == {answer.json["id"]: "by curl"}
