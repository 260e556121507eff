"""``cadent delete`` and ``cadent rename``: on a running service, and on a folder without one."""

import json
import os
import re
import signal
import urllib.parse
import urllib.request

import pytest
from points import PAST, STEP_S, lines_of, past_points, shown, wait_until_shown, wait_until_written
from processes import writer_of
from programs import eventually

TEN_MINUTES = 600


@pytest.fixture
def service(serve, quiet):
    return serve("--config", quiet)


@pytest.fixture(params=["running", "stopped"])
def change(request, service):
    """change(...): the command, on the running service or with it stopped and started again after."""

    def command(*arguments):
        if request.param == "running":
            return service.command(*arguments)
        service.stop()
        done = service.command(*arguments)
        service.start()
        service.wait()
        return done

    return command


def succeed(done):
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def fail(done):
    assert (done.returncode, done.stdout) == (1, ""), done.stdout
    assert re.fullmatch(r"cadent: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def send(service, points):
    service.send(lines_of(points))
    wait_until_shown(service, sorted({path.partition(".")[0] + ".*" for path, _ in points}), points)


def found(service, pattern="*.*"):
    return sorted(node["path"] for node in service.web.get("/graphite/find", query=pattern).json if node["leaf"])


def of_paths(points, *paths):
    return {at: value for at, value in points.items() if at[0] in paths}


def restart_after_kill(service):
    killed = writer_of(service)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: writer_of(service) not in {None, killed}, "it is started again")


# -- delete --------------------------------------------------------------------------------------------------------------


def test_deleted_paths_are_gone_and_the_others_stay(service, change):
    sent = past_points("del", 3, 5)
    send(service, sent)
    assert succeed(change("delete", "del.p00[01]")) == ["2 paths deleted", "  del.p000", "  del.p001"]
    assert found(service) == ["del.p002"]
    wait_until_shown(service, "del.*", of_paths(sent, "del.p002"))


def test_a_dry_run_says_the_same_and_does_nothing(service, change):
    sent = past_points("dry", 12, 5)
    send(service, sent)
    lines = succeed(change("delete", "dry.*", "--dry-run"))
    assert lines == ["12 paths would be deleted", *(f"  dry.p{number:03}" for number in range(10)), "  and 2 more"]
    wait_until_shown(service, "dry.*", sent)


def test_the_next_line_of_a_deleted_path_makes_a_new_one_without_the_old_points(service):
    old, new = past_points("again", 2, 5), past_points("again", 2, 5, PAST + 2 * STEP_S)
    send(service, old)
    for turn in range(3):
        succeed(service.command("delete", "again.*"))
        service.send(lines_of(new))
        wait_until_shown(service, "again.*", new)
        if turn == 1:
            succeed(service.command("compact"))
            wait_until_shown(service, "again.*", new)
    wait_until_written(service, len(old) + 3 * len(new))
    restart_after_kill(service)
    wait_until_shown(service, "again.*", new)
    service.stop()
    service.start()
    service.wait()
    assert shown(service, "again.*", PAST, PAST + 100) == new


def test_lines_that_come_while_paths_are_deleted_are_in_the_new_ones_or_gone(service):
    """The sums after the last delete are those of whole lines, once, and the path lives in find as long as it has points."""
    for turn in range(5):
        service.send([f"race.p 1 {PAST + 10 * turn}"])
        eventually(lambda: found(service, "race.*") == ["race.p"], "the path is there")
        succeed(service.command("delete", "race.p"))
        service.send([f"race.p 1 {PAST + 5_000}"])
        wait_until_shown(service, "race.*", {("race.p", PAST + 5_000): (1, 1.0)})


def test_the_points_of_deleted_paths_go_when_chunks_are_compacted(service):
    send(service, past_points("bulk", 400, 60))
    send(service, past_points("kept", 4, 60))
    wait_until_written(service, 404 * 60)
    succeed(service.command("compact"))
    before = sum(path.stat().st_size for path in service.data.glob("default/*/*.block"))
    succeed(service.command("delete", "bulk.*"))
    succeed(service.command("compact"))
    after = sum(path.stat().st_size for path in service.data.glob("default/*/*.block"))
    assert after < before / 10
    wait_until_shown(service, "kept.*", past_points("kept", 4, 60))


@pytest.mark.parametrize("where", ["open", "logged", "sealed"])
def test_points_between_two_times_are_erased_and_the_range_is_told(service, where):
    sent = past_points("era", 3, 360, PAST)
    send(service, sent)
    if where == "logged":
        wait_until_written(service, len(sent))
    if where == "sealed":
        wait_until_written(service, len(sent))
        succeed(service.command("compact"))
    start, stop = PAST + 601, PAST + 2_399  # inwards to whole windows of ten minutes
    lines = succeed(service.command("delete", "era.p00[02]", "--from", start, "--to", stop))
    assert len(lines) == 4
    assert lines[1:] == ["of 2 paths", "  era.p000", "  era.p002"]
    gone = range(PAST + 2 * TEN_MINUTES, PAST + 3 * TEN_MINUTES)
    kept = {at: value for at, value in sent.items() if at[0] == "era.p001" or at[1] not in gone}
    wait_until_shown(service, "era.*", kept)  # the open windows of before are in the log by now
    succeed(service.command("compact"))
    wait_until_shown(service, "era.*", kept)
    for step in (60, 600):
        answer = service.web.get(
            "/graphite/metrics", target="era.p000", agg="count", step=step, to=PAST + 3_599, **{"from": PAST - 1}
        )
        counts = [value for value, at in answer.json["series"]["era.p000"] if value]
        assert sum(counts) == 2 * len(of_paths(kept, "era.p000"))
    restart_after_kill(service)
    wait_until_shown(service, "era.*", kept)
    assert found(service, "era.*") == ["era.p000", "era.p001", "era.p002"]


def test_points_erased_without_a_service(service, change):
    sent = past_points("off", 2, 180)
    send(service, sent)
    succeed(change("delete", "off.p000", "--to", PAST + TEN_MINUTES))
    wait_until_shown(service, "off.*", {at: value for at, value in sent.items() if at[0] == "off.p001" or at[1] >= PAST + 600})


@pytest.mark.parametrize(
    "command", [["compact"], ["delete", "stuck.*", "--to", PAST + TEN_MINUTES]], ids=lambda command: command[0]
)
def test_what_would_come_back_from_a_log_that_cannot_be_sealed_is_not_called_done(service, command):
    sent = past_points("stuck", 3, 5)
    send(service, sent)
    wait_until_written(service, len(sent))
    (segment,) = service.data.glob("default/10/log/*.log")
    content = bytearray(segment.read_bytes())
    content[content.index(b"LREC") + 60] ^= 1
    with segment.open("r+b") as file:
        file.write(content)
    assert "the log of default/10 cannot be sealed" in fail(service.command(*command))


def test_a_range_without_a_whole_window_is_refused(service):
    send(service, past_points("narrow", 1, 5))
    assert "no whole window of 10m" in fail(service.command("delete", "narrow.*", "--from", PAST + 1, "--to", PAST + 599))
    assert "'soon'" in fail(service.command("delete", "narrow.*", "--from", "soon"))
    wait_until_shown(service, "narrow.*", past_points("narrow", 1, 5))


def test_a_pattern_that_matches_nothing_deletes_nothing(service):
    send(service, past_points("nothing", 1, 5))
    assert succeed(service.command("delete", "nowhere.*")) == ["0 paths deleted"]
    assert succeed(service.command("delete", "nothing")) == ["0 paths deleted"]
    assert found(service) == ["nothing.p000"]


# -- rename --------------------------------------------------------------------------------------------------------------


def renamed(points, old, new):
    return {(new + path[len(old) :], at): value for (path, at), value in points.items()}


def test_a_renamed_branch_keeps_its_points(service, change):
    sent = past_points("old", 3, 5)
    send(service, sent)
    wait_until_written(service, len(sent))
    lines = succeed(change("rename", "old", "new.name"))
    assert lines == ["3 renamed", *(f"  old.p00{number} -> new.name.p00{number}" for number in range(3))]
    wait_until_shown(service, ["old.*", "new.name.*"], renamed(sent, "old", "new.name"))
    restart_after_kill(service)
    wait_until_shown(service, ["old.*", "new.name.*"], renamed(sent, "old", "new.name"))


def test_lines_of_the_new_name_go_on_with_it_and_those_of_the_old_one_make_a_new_path(service):
    sent = past_points("from", 1, 5)
    send(service, sent)
    wait_until_written(service, len(sent))
    succeed(service.command("rename", "from.p000", "to.p000"))
    service.send([f"to.p000 5 {PAST}", f"from.p000 7 {PAST}"])
    count, total = sent[("from.p000", PAST)]
    expected = renamed(sent, "from", "to") | {("to.p000", PAST): (count + 1, total + 5), ("from.p000", PAST): (1, 7.0)}
    wait_until_shown(service, ["from.*", "to.*"], expected)
    wait_until_written(service, len(sent) + 2)
    succeed(service.command("compact"))
    restart_after_kill(service)
    wait_until_shown(service, ["from.*", "to.*"], expected)


def test_a_path_that_is_there_is_not_overwritten(service, change):
    sent = past_points("one", 1, 5) | past_points("two", 1, 5)
    send(service, sent)
    assert "there is such a path already" in fail(change("rename", "one", "two"))
    wait_until_shown(service, ["one.*", "two.*"], sent)


@pytest.mark.parametrize(("old", "new"), [("nowhere", "else"), ("ren.p000", "a..b"), ("ren.*", "a"), ("ren.p000", "a b")])
def test_a_rename_that_cannot_be_is_one_sentence(service, old, new):
    send(service, past_points("ren", 1, 5))
    fail(service.command("rename", old, new))
    assert found(service) == ["ren.p000"]


# -- over HTTP -----------------------------------------------------------------------------------------------------------


TOKEN = "correct-horse-battery"


@pytest.fixture
def guarded(serve, tmp_path):
    """A service that lets those who have the token change things over HTTP."""
    file = tmp_path / "guarded.toml"
    file.write_text(f'[service]\nself_metrics = false\n[http]\nadmin_token = "{TOKEN}"\n')
    return serve("--config", file)


def post(service, route, **parameters):
    body = urllib.parse.urlencode(parameters).encode()
    request = urllib.request.Request(f"{service.web.url}/graphite/{route}", body, {"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def test_changes_over_http(guarded):
    sent = past_points("web", 3, 120)
    send(guarded, sent)
    assert post(guarded, "delete", query="web.p000")["paths"] == ["web.p000"]
    kept = {at: value for at, value in sent.items() if at[0] != "web.p000"}
    wait_until_shown(guarded, "web.*", kept)
    erased = {"policy": "default", "start": 0, "stop": PAST + 600}
    assert post(guarded, "delete", query="web.p001", to=PAST + 601)["erased"] == [erased]
    kept = {at: value for at, value in kept.items() if at[0] == "web.p002" or at[1] >= PAST + 600}
    wait_until_shown(guarded, "web.*", kept)
    assert len(post(guarded, "rename", old="web", new="net")["renamed"]) == 2
    wait_until_shown(guarded, ["web.*", "net.*"], renamed(kept, "web", "net"))


def test_the_token_is_not_in_the_data_folder(guarded):
    send(guarded, past_points("secret", 1, 1))
    for path in guarded.data.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes()
