"""``cadent copy``: what is in the target then, whatever happened meanwhile."""

import json
import signal
import time

import pytest
from points import PAST, STEP_S, lines_of, past_points, wait_until_shown, wait_until_written
from programs import CADENT, Program, run_cadent

DAY_S = 86_400
SEED = """
CREATE TYPE metric_point (max double, mean double, min double, sum double, count int);
CREATE TYPE metric_id (path text, resolution int);
CREATE TABLE metric (id frozen<metric_id>, time bigint, point frozen<metric_point>, PRIMARY KEY (id, time));
CREATE TYPE segment_pos (pos int, segment text);
CREATE TABLE path (segment frozen<segment_pos>, path text, length int, has_data boolean, PRIMARY KEY (segment, path, has_data));
CREATE TABLE segment (pos int, segment text, PRIMARY KEY (pos, segment));
INSERT INTO segment (pos, segment) VALUES (0, 'a');
INSERT INTO path (segment, path, length, has_data) VALUES ({pos: 0, segment: 'a'}, 'a.b', 1, true)
"""
LADDER = "10s:2d,1m:30d,1h:2y"
RECENTLY = PAST - DAY_S
LONG_AGO = PAST - 10 * DAY_S  # kept by the minute alone
RECENT = past_points("a", 5, 200)
OLD = past_points("b", 5, 200, LONG_AGO)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "copy.toml"
    file.write_text(f"[store]\nladder = '{LADDER}'\n[service]\nself_metrics = false\n")
    return file


@pytest.fixture
def filled(serve, file):
    """filled(points, ...): the data folder of a service that took these, in this order, and has ended."""

    def fill(*batches):
        service, written = serve("--config", file), 0
        for points in batches:
            service.send(lines_of(points))
            written += len(points if min(at for _, at in points) >= RECENTLY else by_minute(points))
            wait_until_written(service, written)
        service.stop()
        return service.data

    return fill


@pytest.fixture
def serve_on(start_in, tmp_path, file):
    """serve_on(data): a running service on this folder."""

    def start(data):
        folder = tmp_path / f"serving-{data.name}"
        folder.mkdir()
        (folder / "data").symlink_to(data)
        return start_in(folder, "--config", file)

    return start


def by_minute(points):
    minutes = {}
    for (path, at), (count, total) in points.items():
        before = minutes.get((path, at // 60 * 60), (0, 0.0))
        minutes[path, at // 60 * 60] = before[0] + count, before[1] + total
    return minutes


def copy(source, target, *more):
    return run_cadent("copy", "--from", source, "--to", target, *more, cwd=target.parent)


def succeed(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def verify(source, target, folder, *more):
    return succeed(run_cadent("verify", "--from", source, "--to", target, *more, cwd=folder))


def test_all_points_of_all_levels_arrive_as_they_are(filled, serve_on, tmp_path):
    source, target = filled(OLD, RECENT), tmp_path / "target"
    assert "10 paths" in succeed(copy(source, target))
    verify(source, target, tmp_path)
    verify(target, source, tmp_path)
    service = serve_on(target)
    wait_until_shown(service, "a.*", RECENT)
    wait_until_shown(service, "b.*", by_minute(OLD))


def test_fine_points_over_their_time_in_the_target_are_not_lost_at_coarser_steps(filled, file, tmp_path):
    shorter = tmp_path / "shorter.toml"
    shorter.write_text(file.read_text().replace(LADDER, "10s:1h,1h:2y"))
    until_now = past_points("a", 3, (int(time.time()) - PAST) // STEP_S - 12)
    source, target = filled(until_now), tmp_path / "target"
    succeed(copy(source, target, "--config", shorter))
    verify(source, target, tmp_path)


def test_a_second_copy_writes_nothing(filled, tmp_path):
    source, target = filled(OLD, RECENT), tmp_path / "target"
    assert "; 0 points" not in succeed(copy(source, target))
    assert "; 0 points were written" in succeed(copy(source, target))
    assert "; 0 points were written" in succeed(copy(source, target, "--again"))


def test_what_is_otherwise_in_the_target_is_replaced_and_what_only_it_has_stays(filled, serve_on, tmp_path):
    others = {(path, at): (count, total + 7) for (path, at), (count, total) in RECENT.items()}
    more = past_points("c", 2, 10)
    source, target = filled(RECENT), filled(others, more)
    succeed(copy(source, target))
    verify(source, target, tmp_path)
    service = serve_on(target)
    wait_until_shown(service, ["a.*", "c.*"], {**RECENT, **more})


def test_a_copy_that_was_killed_goes_on_and_brings_all(filled, serve_on, tmp_path):
    points = past_points("a", 4, 4_000, PAST - 4_000 * STEP_S)
    source, target = filled(points), tmp_path / "target"
    (tmp_path / "copying").mkdir()
    program = Program([*CADENT, "copy", "--from", source, "--to", target], tmp_path / "copying")
    noted = target / "copying.json"
    program.wait_until(noted.exists, "a part is noted as done")
    program.signal(signal.SIGKILL)
    assert program.wait() == -signal.SIGKILL
    assert json.loads(noted.read_text())["from"] == str(source)
    succeed(copy(source, target))
    assert not noted.exists()
    verify(source, target, tmp_path)


def test_a_copy_from_elsewhere_does_not_go_on_where_another_was_cut_short(filled, tmp_path):
    source, target = filled(RECENT), filled(RECENT)
    (target / "copying.json").write_text('{"from": "elsewhere", "until": {}}')
    refused = copy(source, target)
    assert refused.returncode == 1
    assert "a copy from elsewhere was cut short" in refused.stderr
    succeed(copy(source, target, "--again"))


def test_what_was_noted_as_done_is_not_looked_at_again_but_with_again(filled, tmp_path):
    source, target = filled(RECENT), filled(past_points("c", 1, 1))
    until = {f"default to default/{step}": PAST + DAY_S for step in (10, 60, 3_600)}
    (target / "copying.json").write_text(json.dumps({"from": str(source), "until": until}))
    assert "; 0 points were written" in succeed(copy(source, target))
    assert "; 0 points were written" not in succeed(copy(source, target, "--again"))
    verify(source, target, tmp_path)


def test_a_folder_on_which_a_service_runs_is_refused_in_a_sentence(filled, serve, file, tmp_path):
    running = serve("--config", file)
    refused = run_cadent("copy", "--from", filled(RECENT), "--to", running.data, cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is in use by another cadent serve" in refused.stderr


def test_points_that_no_step_of_the_target_can_take_are_refused(filled, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text("[store]\nladder = '1s:1d,5s:7d'\n")
    refused = copy(filled(RECENT), tmp_path / "target", "--config", other)
    assert refused.returncode == 1
    assert "step of 10s" in refused.stderr


def test_a_keyspace_alone_is_no_target(filled, tmp_path):
    refused = run_cadent("copy", "--from", filled(RECENT), "--to", "cassandra://host/metrics", cwd=tmp_path)
    assert refused.returncode == 1
    assert "has no log to copy into" in refused.stderr


def test_a_folder_is_copied_into_cassandra_and_back(filled, serve_on, cassandra, keyspace, file, tmp_path):
    address = cassandra.store(keyspace)
    cluster = tmp_path / "cluster.toml"
    cluster.write_text(file.read_text().replace("[store]\n", f"[store]\nchunks = '{address}'\n"))
    source, back = filled(OLD, RECENT), tmp_path / "back"
    succeed(copy(source, tmp_path / "writer", "--config", cluster))
    verify(source, address, tmp_path, "--config", cluster)
    succeed(run_cadent("copy", "--from", address, "--to", back, "--config", file, cwd=tmp_path))
    verify(source, back, tmp_path)
    service = serve_on(back)
    wait_until_shown(service, "a.*", RECENT)


def test_what_an_old_cadent_wrote_is_brought_over(serve_on, cassandra, cql, keyspace, file, tmp_path):
    cql.set_keyspace(keyspace)
    for statement in SEED.split(";"):
        cql.execute(statement)
    for slot in range(5):
        key = f"{{path: 'a.b', resolution: 10}}, {(PAST + slot * STEP_S) * 1_000_000_000 + 7}"
        point = f"{{max: {slot}, mean: {slot}, min: {slot}, sum: {2 * slot}, count: 2}}"
        cql.execute(f"INSERT INTO metric (id, time, point) VALUES ({key}, {point})")
    address, target = cassandra.store(keyspace), tmp_path / "target"
    succeed(run_cadent("copy", "--from", address, "--to", target, "--config", file, cwd=tmp_path))
    wait_until_shown(serve_on(target), "a.*", {("a.b", PAST + slot * STEP_S): (2, 2.0 * slot) for slot in range(5)})
