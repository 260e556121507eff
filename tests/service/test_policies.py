"""Policies in a running service: which one a path gets, for how long, and what the command says of it."""

import json
import re
import time
from functools import partial

import pytest
from cadent.schema.errors import ConfigError
from cadent.schema.policy import Policy
from cadent.schema.resolution import Ladder
from points import PAST, wait_until_written
from programs import eventually, run_cadent

BUSY = "[[policy]]\nname = 'busy'\nmatch = '^busy\\.'\nladder = '1s:2d,1m:30d'\nstatistic = 'max'\n"
SLOW = "[[policy]]\nname = 'slow'\nmatch = 'slow'\nladder = '1m:30d'\n"
RULE = "[[statistic]]\nmatch = 'p99$'\nstatistic = 'max'\n"
QUIET = "[service]\nself_metrics = false\n"
LINES = [f"{path} {value} {PAST + offset}" for path in ("busy.a", "so.slow.a", "a.b") for value, offset in ((1, 0), (5, 2))]
STEPS = {"busy.a": 1, "so.slow.a": 60, "a.b": 10}


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "cadent.toml"
    file.write_text(QUIET + BUSY + SLOW + RULE)
    return file


@pytest.fixture
def service(serve, file):
    """Has the paths of LINES."""
    service = serve("--config", file)
    service.send(LINES)
    eventually(lambda: steps(service) == STEPS, "all points are shown, each path at its step")
    return service


def fetched(service, **parameters):
    return service.web.get(
        "/graphite/rawrender", target=["*.a", "*.b", "so.*.a"], to=PAST + 59, **{"from": PAST - 1}, **parameters
    )


def steps(service) -> dict[str, int]:
    return {one["metric"]: one["step"] for one in fetched(service).json if one["data"]}


def told(service, *paths, flags=()):
    done = service.command("policy", *paths, "--json", *flags)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def restart(service):
    service.stop()
    service.start()
    service.wait()


def test_each_path_is_kept_at_the_step_of_its_policy(service):
    points = {one["metric"]: [(point["time"] - PAST, point["max"]) for point in one["data"]] for one in fetched(service).json}
    assert points == {"busy.a": [(0, 1), (2, 5)], "so.slow.a": [(0, 5)], "a.b": [(0, 5)]}


def test_the_command_says_which_policy_holds_and_why(service):
    printed = service.command("policy", "busy.a", "busy.new", "...so.slow.p99", "a.errorCount").stdout
    assert printed.splitlines() == [
        "busy.a",
        "  policy     busy: it has it since it was created",
        "  ladder     1s:2d,1m:30d",
        "  statistic  max: policy busy says so",
        "busy.new",
        r"  policy     busy: it would get it: match '^busy\\.' is the first that is found in it",
        "  ladder     1s:2d,1m:30d",
        "  statistic  max: policy busy says so",
        "so.slow.p99",
        "  policy     slow: it would get it: match 'slow' is the first that is found in it",
        "  ladder     1m:30d",
        "  statistic  max: match 'p99$' is the first [[statistic]] that is found in it",
        "a.errorCount",
        "  policy     default: it would get it: no [[policy]] matches it",
        "  ladder     10s:7d,1m:30d,10m:2y",
        "  statistic  sum: its last segment has the word 'count'",
    ]


def test_the_command_says_the_same_when_no_service_runs(service, file):
    paths = ["busy.a", "so.slow.a", "a.b", "busy.new", "new;b=1;a=2"]
    running = told(service, *paths)
    service.stop()
    for flags in ([], ["--config", file]):
        assert told(service, *paths, flags=flags) == running
    assert [one["path"] for one in running] == [*paths[:4], "new;a=2;b=1"]
    assert [one["known"] for one in running] == [True, True, True, False, False]


def test_before_the_first_start_the_command_says_what_would_hold(file, tmp_path):
    done = run_cadent("policy", "busy.a", "--data", "none", "--config", file, "--json", cwd=tmp_path)
    (decision,) = json.loads(done.stdout)
    assert (decision["known"], decision["policy"], done.stderr) == (False, "busy", "")
    done = run_cadent("policy", "busy.a", "--data", "none", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"cadent: [^\n]*nobody knows the ladders of none[^\n]*--config\n", done.stderr)


def test_a_path_that_is_none_is_one_sentence(service):
    for stopped in (False, True):
        if stopped:
            service.stop()
        done = service.command("policy", "a..b")
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(r"cadent: [^\n]*path_segment[^\n]*a\.\.b[^\n]*\n", done.stderr)


def test_a_path_keeps_its_policy_when_another_matches_it_first(service, file):
    file.write_text(QUIET + SLOW.replace("'slow'\nladder", "'.'\nladder") + BUSY)
    restart(service)
    assert steps(service) == STEPS
    service.send([f"{path} 7 {PAST + 4}" for path in ("busy.a", "busy.b")])
    eventually(lambda: steps(service) == {**STEPS, "busy.b": 60}, "the new path has the policy that is first by now")
    assert [(one["policy"], one["known"]) for one in told(service, "busy.a", "busy.b")] == [("busy", True), ("slow", True)]


def test_a_policy_that_paths_have_cannot_be_taken_out(service, file):
    service.stop()
    before = sorted(path.relative_to(service.data) for path in service.data.rglob("*") if path.suffix not in {".sock", ".lock"})
    file.write_text(QUIET + BUSY)
    service.start()
    assert service.program.wait() == 1
    (sentence,) = re.findall(r"policy 'slow' is not configured[^\n]+", service.program.output)
    for words in ("'so.slow.a' for one", "put its [[policy]] table back", "steps 1m", "match = '(?!)'"):
        assert words in sentence
    assert "Traceback" not in service.program.output
    after = sorted(path.relative_to(service.data) for path in service.data.rglob("*") if path.suffix not in {".sock", ".lock"})
    assert before == after
    file.write_text(QUIET + BUSY + SLOW.replace("match = 'slow'", "match = '(?!)'"))
    restart(service)
    assert steps(service) == STEPS
    assert [one["policy"] for one in told(service, "so.slow.a", "so.slow.new")] == ["slow", "default"]


def test_another_statistic_shows_at_once_in_points_that_are_there(service, file):
    def shown(path: str) -> list[float]:
        parameters = {"from": PAST - 1, "to": PAST + 59}
        series = service.web.get("/graphite/metrics", target=path, **parameters).json["series"]
        return [value for value, _ in series[path] if value is not None]

    assert (shown("a.b"), shown("so.slow.a")) == ([3], [3])
    file.write_text(QUIET + BUSY + SLOW + "statistic = 'min'\n" + "[[statistic]]\nmatch = 'a.b'\nstatistic = 'count'\n")
    restart(service)
    assert (shown("a.b"), shown("so.slow.a")) == ([2], [1])


def test_a_path_beyond_the_most_that_may_be_known_is_refused_and_counted(serve, file):
    file.write_text(QUIET + "[store]\nmax_metrics = 3\n" + BUSY)
    service = serve("--config", file)
    for _ in range(2):
        service.send([f"limit.p{number} 1 {PAST}" for number in range(5)])
    eventually(lambda: service.stats().get("refused.path_limit") == 4, "two lines of two paths are refused")
    assert service.stats()["paths.known"] == 3
    assert service.stats()["lines.folded"] == 6
    assert "refused, path_limit: 4 lines" in service.command("stats").stdout
    restart(service)
    service.send([f"limit.p2 1 {PAST}", f"limit.p3 1 {PAST}"])
    eventually(lambda: service.stats().get("refused.path_limit") == 1, "after a restart the known paths count too")
    assert service.stats()["lines.folded"] == 1


def test_the_service_records_itself_once_a_step_of_the_policy_its_own_paths_have(serve, file):
    file.write_text("[store]\nladder = '1m:1d'\n[[policy]]\nmatch = '^cadent\\.'\nladder = '1s:1d'\n")
    service = serve("--config", file)

    def counts() -> list[int]:
        found = service.web.get("/graphite/metrics", target="cadent.*.queue.windows", agg="count", **{"from": "-1min"}).json
        return [value for series in found["series"].values() for value, _ in series if value is not None]

    eventually(lambda: len(counts()) >= 3, "three points of a second each")
    assert set(counts()) == {1}


def test_health_tells_the_age_of_the_newest_window_whatever_its_step(serve, file):
    service = serve("--config", file)
    for path, sent, began in (("slow.a", 70, 60), ("a.b", 75, 70), ("slow.b", 100, 70)):
        service.send([f"{path} 1 {PAST + sent}"])
        eventually(partial(found, service, path), f"{path} has come")
        before = time.time()
        age_s = service.web.get("/health").json["age_s"]
        assert before - 1 <= PAST + began + age_s <= time.time() + 1, path


def found(service, path: str) -> list[str]:
    return service.web.get("/metrics/expand", query=path).json["results"]


def test_whatever_lies_in_a_data_folder_is_no_policys_name(service):
    names = {path.name for path in service.data.iterdir()} - {"busy", "slow", "default"}
    assert "names" in names
    for name in names:
        with pytest.raises(ConfigError, match=re.escape(repr(name))):
            Policy(name, Ladder.parse("1m:1d"))


def test_config_prints_policies_that_it_reads_back(file, tmp_path):
    printed = run_cadent("config", "--config", file, cwd=tmp_path).stdout
    assert r"match = '^busy\.'" in printed.splitlines()
    (tmp_path / "printed.toml").write_text(printed)
    assert run_cadent("config", "--config", "printed.toml", cwd=tmp_path).stdout == printed
    assert [line for line in printed.splitlines() if line.startswith("[[")] == ["[[policy]]", "[[policy]]", "[[statistic]]"]


def test_points_keep_their_step_when_the_ladder_changes(serve, file):
    """From 10 s to a minute: the answer is whole. Back again: it is by the minute as far as only minutes are there."""

    def shown(**asked) -> dict[int, float]:
        parameters = {"from": PAST - 1, "to": PAST + 299, **asked}
        series = service.web.get("/graphite/metrics", target="ladder.sum", **parameters).json["series"]
        return {at - PAST: value for value, at in series.get("ladder.sum", []) if value is not None}

    def restart_with(ladder: str) -> None:
        file.write_text(QUIET + f"[store]\nladder = '{ladder}'\n")
        restart(service)

    file.write_text(QUIET + "[store]\nladder = '10s:7d'\n")
    service = serve("--config", file)
    service.send([f"ladder.sum {value} {PAST + at}" for value, at in ((1, 0), (2, 20), (4, 100))])
    wait_until_written(service, 3)
    restart_with("1m:30d")
    service.send([f"ladder.sum {value} {PAST + at}" for value, at in ((8, 110), (16, 200))])
    eventually(lambda: shown() == {0: 3, 60: 12, 180: 16}, "points of both ladders by the minute")
    wait_until_written(service, 2)
    restart_with("10s:7d")
    assert shown(step=10) == {0: 1, 20: 2, 100: 4}
    assert shown(step=60) == {0: 3, 60: 12, 180: 16}
