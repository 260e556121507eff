"""``cadent compact``, ``snapshot`` and ``restore``: on a running service, and on a folder without one."""

import os
import re
import resource
import signal
import threading
import time

import pytest
from points import PAST, lines_of, past_points, shown, wait_until_shown, wait_until_written
from processes import writer_of
from programs import Cadent, eventually, run_cadent


@pytest.fixture
def service(serve, quiet):
    return serve("--config", quiet)


@pytest.fixture
def serve_data(tmp_path, quiet):
    """serve_data(folder): a running service on a data folder that is there already."""
    started = []

    def start(data):
        folder = tmp_path / f"second-{len(started)}"
        folder.mkdir()
        (folder / "data").symlink_to(data)
        started.append(Cadent(folder, "--config", quiet))
        started[-1].wait()
        return started[-1]

    yield start
    for service in started:
        service.stop()


def succeed(done):
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def fail(done):
    assert (done.returncode, done.stdout) == (1, ""), done.stdout
    assert re.fullmatch(r"cadent: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def everything(service, pattern):
    return shown(service, pattern, PAST - 3_600, PAST + 3_600)


# -- compact -------------------------------------------------------------------------------------------------------------


def blocks_of(service):
    return list(service.data.glob("default/10/*.block"))


@pytest.mark.parametrize("running", [True, False])
def test_after_compact_all_is_in_one_block_a_day_and_nothing_in_the_log(service, running):
    sent = {}
    for turn in range(3):
        points = past_points(f"turn{turn}", 20, 10)
        sent |= points
        service.send(lines_of(points))
        wait_until_written(service, len(sent))
        service.command("compact")
    wait_until_shown(service, "turn*.*", sent)
    if not running:
        service.stop()
    assert re.fullmatch(r"[\d,]+ bytes before, [\d,]+ after\n", succeed(service.command("compact")))
    assert len(blocks_of(service)) == len({at // 86_400 for _, at in sent})
    assert list(service.data.glob("default/10/log/*.log")) == []
    if not running:
        service.start()
        service.wait()
    wait_until_shown(service, "turn*.*", sent)


def test_without_a_service_the_ladder_is_that_of_the_last_one(serve, quiet):
    service = serve("--config", quiet, "--ladder", "5s:1d,5m:30d")
    service.send([f"ladder.p {number} {PAST + 5 * number}" for number in range(60)])
    wait_until_written(service, 60)
    service.stop()
    succeed(service.command("compact"))
    assert len(list(service.data.glob("default/5/*.block"))) == 1
    assert {path.name for path in service.data.glob("default/*")} <= {"5", "300"}


def test_without_a_service_that_ever_was_the_ladder_must_be_given(service, quiet):
    service.stop()
    (service.data / "served.toml").unlink()
    assert "--config" in fail(service.command("compact"))
    succeed(service.command("compact", "--config", quiet))


# -- snapshot ------------------------------------------------------------------------------------------------------------


def test_what_a_query_showed_before_is_in_a_snapshot(service, serve_data, tmp_path):
    sealed, logged, opened = past_points("sealed", 20, 30), past_points("logged", 20, 30), past_points("open", 20, 1)
    service.send(lines_of(sealed))
    wait_until_shown(service, "sealed.*", sealed)
    succeed(service.command("compact"))
    service.send(lines_of(logged))
    wait_until_written(service, len(sealed) + len(logged))
    service.send(lines_of(opened))
    wait_until_shown(service, "open.*", opened)
    succeed(service.command("snapshot", tmp_path / "snapshot"))
    service.send(lines_of(past_points("later", 5, 5)))
    wait_until_shown(service, "later.*", past_points("later", 5, 5))
    copy = serve_data(tmp_path / "snapshot")
    assert everything(copy, "*.*") == sealed | logged | opened
    wait_until_shown(service, "sealed.*", sealed)


def test_a_snapshot_of_a_folder_without_a_service(service, serve_data, tmp_path):
    sent = past_points("offline", 20, 30)
    service.send(lines_of(sent))
    wait_until_shown(service, "offline.*", sent)
    service.stop()
    succeed(service.command("snapshot", tmp_path / "snapshot"))
    assert everything(serve_data(tmp_path / "snapshot"), "*.*") == sent


def test_a_service_on_a_snapshot_changes_nothing_of_the_other(service, serve_data, tmp_path):
    """Blocks are one file with two names; what either does with its own must not show in the other."""
    first, second = past_points("first", 20, 30), past_points("second", 20, 30)
    for points in (first, second):
        service.send(lines_of(points))
        wait_until_shown(service, "first.*", first)
        succeed(service.command("compact"))
    wait_until_shown(service, "second.*", second)
    succeed(service.command("snapshot", tmp_path / "snapshot"))
    copy = serve_data(tmp_path / "snapshot")
    for one in (copy, service):
        other = past_points("other", 20, 30)
        one.send(lines_of(other))
        wait_until_shown(one, "other.*", other)
        succeed(one.command("compact"))
    for one in (copy, service):
        one.stop()
        one.start()
        one.wait()
        assert everything(one, "*.*") == first | second | other


def test_nothing_acknowledged_is_missing_in_snapshots_under_load(service, serve_data, tmp_path):
    """Lines come all the time; each snapshot has all that was shown when it began, and no window in parts."""
    sent, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            points = past_points(f"load{len(sent):04}", 10, 20)
            service.send(lines_of(points))
            sent.append(points)
            time.sleep(0.05)

    loading = threading.Thread(target=load)
    loading.start()
    least = []
    try:
        for number in range(4):
            eventually(lambda: len(sent) > 3, "some are sent")
            known = sent[-1]
            wait_until_shown(service, f"{next(iter(known))[0].partition('.')[0]}.*", known)
            least.append(len(sent))
            succeed(service.command("snapshot", tmp_path / f"snapshot-{number}"))
    finally:
        stop.set()
        loading.join()
    for number in (0, 3):
        copy = serve_data(tmp_path / f"snapshot-{number}")
        found = everything(copy, "load*.*")
        for points in sent[: least[number] - 1]:
            assert points.items() <= found.items()
        copy.stop()


@pytest.mark.parametrize("what", ["a file", "not empty", "inside"])
def test_a_snapshot_never_changes_what_is_there(service, tmp_path, what):
    target = tmp_path / "target"
    if what == "a file":
        target.write_text("mine")
    if what == "not empty":
        target.mkdir()
        (target / "mine").write_text("mine")
    if what == "inside":
        target = service.data / "target"
    before = sorted(target.rglob("*"))
    assert str(target) in fail(service.command("snapshot", target))
    assert sorted(target.rglob("*")) == before
    assert list(tmp_path.glob("*.cadent-tmp")) == []


def test_a_disk_that_is_full_leaves_no_half_snapshot_and_the_service_goes_on(service, tmp_path):
    sent = past_points("full", 200, 30)
    service.send(lines_of(sent))
    wait_until_written(service, len(sent))
    size = max(path.stat().st_size for path in service.data.glob("names/names.log"))
    resource.prlimit(writer_of(service), resource.RLIMIT_FSIZE, (size - 1, resource.RLIM_INFINITY))
    try:
        assert "File too large" in fail(service.command("snapshot", tmp_path / "snapshot"))
    finally:
        resource.prlimit(writer_of(service), resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert list(tmp_path.glob("snapshot*")) == []
    wait_until_shown(service, "full.*", sent)
    succeed(service.command("snapshot", tmp_path / "snapshot"))


def test_what_a_killed_snapshot_left_is_no_snapshot_and_does_no_harm(service, serve_data, tmp_path):
    sent = past_points("left", 5, 5)
    service.send(lines_of(sent))
    wait_until_shown(service, "left.*", sent)
    (tmp_path / "snapshot.cadent-tmp" / "names").mkdir(parents=True)
    (tmp_path / "snapshot.cadent-tmp" / "names" / "names.log").write_text("half")
    succeed(service.command("snapshot", tmp_path / "snapshot"))
    assert not (tmp_path / "snapshot.cadent-tmp").exists()
    assert everything(serve_data(tmp_path / "snapshot"), "*.*") == sent


# -- restore -------------------------------------------------------------------------------------------------------------


def test_a_restored_folder_answers_as_the_service_did(service, serve_data, tmp_path):
    sent = past_points("restored", 20, 30)
    service.send(lines_of(sent))
    wait_until_shown(service, "restored.*", sent)
    succeed(service.command("snapshot", tmp_path / "snapshot"))
    before = {path: path.read_bytes() for path in (tmp_path / "snapshot").rglob("*") if path.is_file()}
    data = tmp_path / "restored"
    succeed(run_cadent("restore", tmp_path / "snapshot", "--data", data, cwd=tmp_path))
    restored = serve_data(data)
    assert everything(restored, "*.*") == sent
    restored.command("compact")
    assert {path: path.read_bytes() for path in (tmp_path / "snapshot").rglob("*") if path.is_file()} == before


def test_a_folder_that_is_not_empty_is_not_restored_into(service, tmp_path):
    succeed(service.command("snapshot", tmp_path / "snapshot"))
    before = sorted(service.data.rglob("*"))
    assert "is not an empty folder" in fail(service.command("restore", tmp_path / "snapshot"))
    assert sorted(service.data.rglob("*")) == before


def test_what_is_no_snapshot_is_not_restored(tmp_path):
    (tmp_path / "other").mkdir()
    done = run_cadent("restore", tmp_path / "other", "--data", tmp_path / "data", cwd=tmp_path)
    assert "is no snapshot" in fail(done)
    assert not (tmp_path / "data").exists()


def test_a_folder_in_use_is_no_snapshot(service, tmp_path):
    done = run_cadent("restore", service.data, "--data", tmp_path / "data", cwd=tmp_path)
    assert "holds the data folder" in fail(done)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("file", ["manifest", "names/names.log", "*/*/*.block"])
def test_a_snapshot_that_lacks_something_is_not_restored(service, tmp_path, file):
    service.send(lines_of(past_points("lacks", 5, 5)))
    wait_until_written(service, 25)
    succeed(service.command("compact"))
    succeed(service.command("snapshot", tmp_path / "snapshot"))
    next((tmp_path / "snapshot").glob(file)).unlink()
    fail(run_cadent("restore", tmp_path / "snapshot", "--data", tmp_path / "data", cwd=tmp_path))
    assert not (tmp_path / "data").exists()


# -- both ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["compact"], ["snapshot", "target"]], ids=" ".join)
@pytest.mark.parametrize("folder", ["never-was", "empty"])
def test_a_folder_without_data_is_refused_and_not_made(tmp_path, arguments, folder):
    (tmp_path / "empty").mkdir()
    assert folder in fail(run_cadent(*arguments, "--data", folder, cwd=tmp_path))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["empty"]


def test_a_writer_killed_meanwhile_is_told(service, tmp_path):
    os.kill(writer_of(service), signal.SIGSTOP)
    outcome = []
    asking = threading.Thread(target=lambda: outcome.append(service.command("snapshot", tmp_path / "snapshot")))
    asking.start()
    asking.join(0.5)
    os.kill(writer_of(service), signal.SIGKILL)
    asking.join()
    # A new writer may have been there in time.
    assert outcome[0].returncode in {0, 1}
    assert (tmp_path / "snapshot").exists() == (outcome[0].returncode == 0)
