"""``cadent find``, ``fetch``, ``stats`` and ``config``, as a user runs them."""

import json
import re
import socket
import subprocess
import time

import pytest
from points import PAST, lines_of, past_points, wait_until_shown
from programs import CADENT, eventually, run_cadent

PATHS = past_points("commands", 3, 4)


@pytest.fixture(scope="module")
def service(cadent):
    cadent.send(lines_of(PATHS))
    cadent.send(["commands.p000.below 1 " + str(PAST), "commands.gauge.last 7.25 " + str(PAST)])
    wait_until_shown(cadent, "commands.p*", PATHS)
    return cadent


def output(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_find_lists_leaves_and_marks_branches_with_a_dot(service):
    assert output(service.command("find", "commands.*")).splitlines() == [
        "commands.gauge.",
        "commands.p000",
        "commands.p000.",
        "commands.p001",
        "commands.p002",
    ]


def test_find_of_nothing_prints_nothing(service):
    assert output(service.command("find", "nowhere.*")) == ""


def test_find_as_json_is_the_apis_answer(service):
    nodes = json.loads(output(service.command("find", "commands.p00?", "--json")))
    assert nodes == service.web.get("/graphite/find", query="commands.p00?").json
    assert [node["path"] for node in nodes] == ["commands.p000", "commands.p001", "commands.p002"]


def test_fetch_prints_a_table_of_points_without_gaps(service):
    printed = output(service.command("fetch", "commands.gauge.last", "--from", PAST - 60, "--until", PAST + 60))
    path, row = printed.splitlines()
    assert path == "commands.gauge.last"
    assert time.mktime(time.strptime(row.split()[0] + row.split()[1], "%Y-%m-%d%H:%M:%S")) == PAST
    assert row.split()[-1] == "7.25"


def test_fetch_takes_an_offset_that_begins_with_a_dash(service):
    for flags in (["--from", "-10min"], ["--from=-10min"], ["--from", "-2d", "--until", "-1d"]):
        printed = output(service.command("fetch", "commands.gauge.last", *flags))
        assert printed.splitlines() == ["commands.gauge.last", "  no points in this time"]


def test_fetch_as_json_with_a_statistic(service):
    flags = ["--from", PAST - 1, "--until", PAST + 39, "--json", "--agg"]
    shown = {agg: json.loads(output(service.command("fetch", "commands.p002", *flags, agg))) for agg in ("sum", "count", "mean")}
    sums = [total for (path, _), (_, total) in PATHS.items() if path == "commands.p002"]
    values = {agg: [value for value, _ in answer["series"]["commands.p002"]] for agg, answer in shown.items()}
    assert values == {"sum": sums, "count": [2] * 4, "mean": [total / 2 for total in sums]}


def test_fetch_of_several_targets(service):
    printed = output(service.command("fetch", "commands.p001", "commands.gauge.*", "--from", PAST - 1))
    assert [line for line in printed.splitlines() if not line.startswith(" ")] == ["commands.gauge.last", "commands.p001"]


def test_fetch_of_no_path_says_so(service):
    assert output(service.command("fetch", "nowhere.*")) == "no path matches\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [("find a.[b", "'a.[b'"), ("fetch a --from soon", "'soon'"), ("fetch a --until -2h", "before")],
)
def test_what_the_api_refuses_is_one_sentence(service, arguments, word):
    done = service.command(*arguments.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"cadent: [^\n]+\n", done.stderr)
    assert word in done.stderr


def test_stats_shows_counters(service):
    printed = output(service.command("stats"))
    shown = {line.split()[0]: line.split()[1] for line in printed.split("\n\n")[0].splitlines()}
    assert int(shown["lines.received"].replace(",", "")) >= 2 * len(PATHS)
    assert {"lines.refused", "points.written", "windows.open", "queue.bytes", "loop.longest_stall_s"} <= set(shown)
    assert json.loads(output(service.command("stats", "--json"))).keys() == {"stats", "refused"}


REFUSED = {
    b"two fields": b"refused.two 1",
    b"four fields": b"refused.four 1 2 3",
    b"not a number": b"refused.nan NaN 1700000000",
    b"infinite": b"refused.inf 1e400 1700000000",
    b"hexadecimal": b"refused.hex 0x10 1700000000",
    b"empty segment": b"refused..empty 1 1700000000",
    b"not UTF-8": b"refused.\xff\xfe 1 1700000000",
    b"a control byte": b"refused.\x01 1 1700000000",
    b"a path too long": b"refused." + b"p" * 1_024 + b" 1 1700000000",
    b"a line too long": b"refused.line 1 1700000000" + b" " * 9_000,
    b"a time to come": b"refused.future 1 99999999999",
}


def test_refused_lines_are_counted_by_reason_with_their_text_and_harm_no_other(serve, quiet):
    service = serve("--config", quiet)
    good = past_points("refused", 2, 2)
    with socket.create_connection(("127.0.0.1", service.graphite_port)) as connection:
        for line in REFUSED.values():
            connection.sendall(line + b"\n")
        connection.sendall("".join(line + "\n" for line in lines_of(good)).encode())
    wait_until_shown(service, "refused.p*", good)
    answer = json.loads(output(service.command("stats", "--json")))
    assert answer["stats"]["lines.refused"] == sum(each["count"] for each in answer["refused"].values()) == len(REFUSED)
    assert answer["stats"]["lines.received"] == len(REFUSED) + 2 * len(good)
    texts = [text for each in answer["refused"].values() for text in each["last"]]
    for word in ("refused.two 1", "refused.four 1 2 3", "refused.nan", "refused.hex", "refused..empty", "refused.future"):
        assert any(word in text for text in texts), texts
    table = output(service.command("stats"))
    for reason, each in answer["refused"].items():
        assert f"refused, {reason}: {each['count']} lines" in table
    assert "\x01" not in table


def test_the_last_twenty_of_a_reason_are_kept(serve, quiet):
    service = serve("--config", quiet)
    service.send([f"only.{number}" for number in range(100)])
    refused = eventually(
        lambda: json.loads(service.command("stats", "--json").stdout)["refused"], "the refused lines are counted"
    )
    ((_, kept),) = refused.items()
    assert kept["count"] == 100
    assert [line for line in kept["last"] if "only.99" in line]
    assert len(kept["last"]) == 20


def test_the_service_records_itself_and_its_host(serve):
    """Once a step, under the host's name with dots as _. Of what is counted it tells the growth, so from the second step on."""
    service = serve("--ladder", "1s:1d")
    prefix = "cadent." + re.sub("[^A-Za-z0-9_-]", "_", socket.gethostname())
    wanted = {f"{prefix}.{name}" for name in ("lines.received", "points.written", "queue.windows", "flush.seconds")}
    wanted |= {f"{prefix}.{name}" for name in ("cpu.seconds", "memory.resident_bytes", "host.load.1min", "host.disk.free_bytes")}

    def recorded() -> bool:
        fetched = json.loads(output(service.command("fetch", *wanted, "--from", "-10min", "--json")))["series"]
        values = [value for series in fetched.values() for value, _ in series if value is not None]
        return set(fetched) == wanted and len(values) >= 2 * len(wanted)

    eventually(recorded, f"two points of each of {sorted(wanted)}")
    answer = service.web.get("/graphite/metrics", target=f"{prefix}.lines.received", agg="count", **{"from": "-1min"}).json
    assert {value for value, _ in answer["series"][f"{prefix}.lines.received"]} - {None} == {1}


@pytest.mark.parametrize("command", [["find", "*"], ["fetch", "a"], ["stats"]], ids=lambda command: command[0])
@pytest.mark.parametrize("folder", ["never-was", "empty"])
def test_without_a_running_service_it_is_one_sentence(tmp_path, command, folder):
    (tmp_path / "empty").mkdir()
    done = run_cadent(*command, "--data", folder, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"cadent: no service answers on [^\n]+\n", done.stderr), done.stderr
    assert folder in done.stderr
    assert f"cadent serve --data {folder}" in done.stderr


def test_the_folder_of_a_service_that_ended_is_told_from_a_running_one(serve):
    service = serve()
    service.stop()
    done = service.command("stats")
    assert done.returncode == 1
    assert "no service answers" in done.stderr


def test_config_prints_what_it_reads_back(tmp_path):
    flags = ["--data", "d", "--http", "[::1]:8000", "--ladder", "5s:168h,1m:720h"]
    printed = output(run_cadent("config", *flags, cwd=tmp_path))
    (tmp_path / "printed.toml").write_text(printed)
    assert output(run_cadent("config", "--config", "printed.toml", cwd=tmp_path)) == printed
    assert 'listen = "[::1]:8000"' in printed


def test_a_pipe_whose_reader_has_gone_is_no_error(service):
    done = subprocess.run(
        ["/bin/sh", "-c", f'{" ".join(CADENT)} stats --data "{service.data}" | true'],
        cwd=service.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
