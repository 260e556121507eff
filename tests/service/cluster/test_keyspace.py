"""Services whose chunks are in a real Cassandra: writers, and services that only read."""

import json
import os
import signal
import time

from points import lines_of, past_points, shown, wait_until_shown, wait_until_written
from processes import writer_of
from programs import eventually, run_cadent

OPEN_S = 10


def seal(service) -> None:
    """All that was handed over is in chunks when it returns."""
    assert service.command("compact").returncode == 0


def fresh_points(prefix: str) -> dict[tuple[str, int], tuple[int, float]]:
    """Of a window that is still open."""
    now = int(time.time()) // OPEN_S * OPEN_S
    return {(f"{prefix}.p{path}", now): (2, float(path)) for path in range(20)}


def test_a_service_that_only_reads_shows_what_a_writer_sealed_and_what_it_published(serve, store):
    writer = serve(*store)
    sealed, logged = past_points("a", 30, 200), past_points("b", 30, 5)
    writer.send(lines_of(sealed))
    wait_until_written(writer, len(sealed))
    seal(writer)
    writer.send(lines_of(logged))
    wait_until_shown(writer, ["a.*", "b.*"], {**sealed, **logged})
    reader = serve(*store, "--read-only")
    wait_until_shown(reader, ["a.*", "b.*"], {**sealed, **logged})
    assert json.loads(reader.web.get("/health").text)["writer"] == "none"


def test_a_reader_follows_points_and_paths_that_come_later(serve, store):
    writer = serve(*store)
    reader = serve(*store, "--read-only")
    for name in "abc":
        points = past_points(name, 10, 20)
        writer.send(lines_of(points))
        wait_until_shown(reader, f"{name}.*", points)
    fresh = fresh_points("d")
    writer.send(lines_of(fresh))
    wait_until_shown(reader, "d.*", fresh)


def test_sealing_what_was_published_shows_each_point_once_all_the_time(serve, store):
    writer = serve(*store)
    reader = serve(*store, "--read-only")
    points = past_points("a", 50, 100)
    writer.send(lines_of(points))
    wait_until_shown(reader, "a.*", points)
    times = [at for _, at in points]
    seal(writer)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert shown(reader, "a.*", min(times), max(times) + 10) == points


def test_replicas_of_a_group_are_counted_once_and_one_may_die(serve, store):
    one, other = (serve(*store, "--writer", f"main/{replica}") for replica in "12")
    reader = serve(*store, "--read-only")
    first, second, third = (past_points(name, 20, 30) for name in "abc")
    for replica in (one, other):
        replica.send(lines_of(first))
    wait_until_shown(reader, "a.*", first)
    one.program.signal_group(signal.SIGKILL)
    other.send(lines_of(second))
    wait_until_shown(reader, ["a.*", "b.*"], {**first, **second})
    one.start()
    one.wait()
    for replica in (one, other):
        replica.send(lines_of(third))
    wait_until_shown(reader, ["a.*", "b.*", "c.*"], {**first, **second, **third})
    wait_until_shown(one, ["a.*", "b.*", "c.*"], {**first, **second, **third})


def test_groups_add_up(serve, store):
    writers = [serve(*store, "--writer", f"{group}/1") for group in "ab"]
    reader = serve(*store, "--read-only")
    points = past_points("a", 20, 30)
    for writer in writers:
        writer.send(lines_of(points))
    both = {key: (2 * count, 2 * total) for key, (count, total) in points.items()}
    for service in (reader, *writers):
        wait_until_shown(service, "a.*", both)


def test_a_writer_killed_at_any_time_shows_the_same_after_its_next_start(serve, store):
    writer = serve(*store)
    reader = serve(*store, "--read-only")
    want = {}
    for round_ in range(4):
        points = past_points(f"r{round_}", 10, 100)
        want |= points
        writer.send(lines_of(points))
        wait_until_written(writer, len(points))
        if round_ % 2:
            writer.command("compact")
        time.sleep(0.3 * round_)
        os.kill(writer_of(writer), signal.SIGKILL)
        eventually(lambda: writer_of(writer) is not None, "it is started again")
        wait_until_shown(writer, "r*.*", want)
        wait_until_shown(reader, "r*.*", want)


def test_a_writer_that_lost_its_folder_gets_its_names_back(serve, store):
    writer = serve(*store)
    points = past_points("a", 20, 30)
    writer.send(lines_of(points))
    wait_until_written(writer, len(points))
    seal(writer)
    writer.program.signal(signal.SIGTERM)
    assert writer.program.wait(10) == 0
    again = serve(*store)  # in another folder
    more = past_points("b", 20, 30)
    again.send(lines_of(more))
    wait_until_shown(again, ["a.*", "b.*"], {**points, **more})


def test_a_second_folder_under_a_name_that_is_in_use_is_refused(serve, store, tmp_path):
    """It would give the same ids to other paths."""
    serve(*store)
    ended = run_cadent(
        "serve", *store, "--graphite", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data", tmp_path / "other", cwd=tmp_path
    )
    assert ended.returncode == 1
    assert "writer main/1" in ended.stderr
    assert "--writer" in ended.stderr
