"""``cadent serve`` from its start to its orderly end."""

import re
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from package import copy_of_the_package
from points import PAST, lines_of, past_points, wait_until_shown, wait_until_written
from processes import of_group
from programs import CADENT, Program, eventually, run_cadent


def one_sentence(done) -> str:
    """What a command that failed says, which must be one line and no traceback."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"cadent: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def shell(line: str, folder=None) -> str:
    """What a line prints, as any POSIX shell runs it."""
    done = subprocess.run(["/bin/sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


README = Path(__file__).parents[2] / "README.md"
FREE_PORTS = ("--graphite", "127.0.0.1:0", "--http", "127.0.0.1:0")


def serve_once(folder, *flags: object):
    """A start that is expected to fail."""
    return run_cadent("serve", "--data", folder / "data", *FREE_PORTS, *flags, cwd=folder)


def started(folder, data) -> Program:
    return Program([*CADENT, "serve", "--data", data, *FREE_PORTS], folder)


def test_it_says_where_things_are(serve):
    service = serve("--ladder", "1s:1d,1m:1w")
    said = service.program.output
    assert f"127.0.0.1:{service.graphite_port} " in said
    assert f"http://127.0.0.1:{service.http_port} " in said
    assert str(service.data) in said
    assert "1s:1d,1m:1w" in said or "1s:1d,1m:7d" in said


def test_what_it_says_to_try_works_as_it_stands(serve):
    service = serve("--ladder", "1s:1d")
    send, look, fetch = service.program.output.split("Try, in another terminal:\n")[1].splitlines()[:3]
    assert shell(send) == ""
    eventually(lambda: '"test.first"' in shell(look) and "42.0" in shell(look), "what was sent shows")
    eventually(lambda: ".lines.received\n" in shell(fetch, service.folder), "the service's own metric shows")


def test_the_readmes_lines_work_as_they_stand(serve):
    """But for the ports and the folder of this test."""
    service = serve("--ladder", "1s:1d")
    block = next(block for block in README.read_text().split("```") if "test.first" in block)
    places = {
        "127.0.0.1 2003": f"127.0.0.1 {service.graphite_port}",
        "127.0.0.1:8083": f"127.0.0.1:{service.http_port}",
        ".venv/bin/cadent": shlex.join(CADENT),
    }
    for there, here in places.items():
        assert there in block
        block = block.replace(there, here)
    send, look, find, fetch, stats = block.splitlines()[1:]
    (service.folder / "cadent-data").symlink_to(service.data)
    assert shell(send) == ""
    eventually(lambda: '"test.first"' in shell(look), "what was sent shows")
    eventually(lambda: ".lines.\n" in shell(find, service.folder), "the service's own paths")
    eventually(lambda: ".lines.received\n" in shell(fetch, service.folder), "the service's own points")
    assert "lines.received" in shell(stats, service.folder)


def test_a_point_shows_while_its_window_is_open(serve, quiet):
    service = serve("--config", quiet, "--ladder", "10m:1d")
    now = int(time.time()) // 600 * 600
    service.send([f"fresh.point 1 {now}", f"fresh.point 2.5 {now}"])
    wait_until_shown(service, "fresh.*", {("fresh.point", now): (2, 3.5)})
    assert service.stats()["points.written"] == 0


def test_health_tells_when_the_window_of_the_newest_point_began(serve, quiet):
    service = serve("--config", quiet)
    assert service.web.get("/health").json["age_s"] is None
    service.send([f"old.point 1 {PAST + 13}"])
    eventually(lambda: service.web.get("/health").json["age_s"], "the point has come")
    before = time.time()
    age_s = service.web.get("/health").json["age_s"]
    assert before - 1 <= PAST + 10 + age_s <= time.time() + 1


def test_a_stop_writes_what_is_open_and_the_next_start_shows_everything(serve, quiet):
    service = serve("--config", quiet)
    past, now = past_points("old", 20, 30), int(time.time()) // 10 * 10
    fresh = {("new.a", now): (2, 4.0), ("new.b", now): (2, -1.0)}
    service.send(lines_of(past))
    wait_until_written(service, len(past))
    service.send(lines_of(fresh))
    wait_until_shown(service, "new.*", fresh)
    service.program.signal(signal.SIGTERM)
    assert service.program.wait(10) == 0
    assert of_group(service.program.pid) == {}
    service.start()
    service.wait()
    wait_until_shown(service, "old.*", past)
    wait_until_shown(service, "new.*", fresh)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_to_the_whole_group_is_one_orderly_stop(serve, quiet, number):
    service = serve("--config", quiet, "--ladder", "10m:1d")
    now = int(time.time()) // 600 * 600
    sent = {(f"open.p{path}", now): (2, float(path)) for path in range(50)}
    service.send(lines_of(sent))
    wait_until_shown(service, "open.*", sent)
    service.program.signal_group(number)
    assert service.program.wait(10) == 0
    assert of_group(service.program.pid) == {}
    assert "Traceback" not in service.program.output
    assert "started again" not in service.program.output
    service.start()
    service.wait()
    wait_until_shown(service, "open.*", sent)


def test_a_signal_that_comes_twice_is_one_stop(serve):
    service = serve()
    service.program.signal(signal.SIGTERM)
    service.program.signal(signal.SIGINT)
    assert service.program.wait(10) == 0
    assert "Traceback" not in service.program.output


def test_an_impatient_ctrl_c_is_one_orderly_stop(serve):
    """The terminal sends each to all processes of the group."""
    service = serve()
    for _ in range(50):
        service.program.signal_group(signal.SIGINT)
        time.sleep(0.001)
    assert service.program.wait(10) == 0
    assert of_group(service.program.pid) == {}
    assert " error " not in service.program.output
    assert "killed" not in service.program.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("after_s", [0.1, 0.3, 0.45, 0.6, 0.8])
def test_a_signal_during_the_start_ends_it_without_a_word(tmp_path, number, after_s):
    """Wherever in the start it comes; nothing is left behind."""
    program = started(tmp_path, tmp_path / "data")
    time.sleep(after_s)
    program.signal_group(number)
    try:
        program.wait(10)
        eventually(lambda: of_group(program.pid) == {}, "all processes have ended")
        assert "Traceback" not in program.output
        assert " error " not in program.output
    finally:
        program.stop()


def test_a_second_service_on_the_same_folder_is_refused(serve):
    service = serve()
    sentence = one_sentence(serve_once(service.folder))
    assert f"{service.data} is in use by another cadent serve" in sentence
    assert service.web.get("/health").status == 200


@pytest.mark.parametrize("flag", ["--graphite", "--http"])
def test_a_port_in_use_is_named(tmp_path, flag):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        sentence = one_sentence(serve_once(tmp_path, flag, address))
    assert f"{address} is in use" in sentence
    assert flag in sentence


@pytest.mark.parametrize("flag", ["--graphite", "--http"])
def test_an_address_that_cannot_be_had_is_named(tmp_path, flag):
    sentence = one_sentence(serve_once(tmp_path, flag, "203.0.113.1:2003"))
    assert "203.0.113.1:2003" in sentence
    assert flag in sentence


def test_a_start_that_failed_leaves_the_folder_free(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        one_sentence(serve_once(tmp_path, "--http", f"127.0.0.1:{taken.getsockname()[1]}"))
    program = started(tmp_path, tmp_path / "data")
    try:
        program.wait_until(lambda: "is ready" in program.output, "ready")
    finally:
        program.stop()


def test_a_data_folder_that_cannot_be_one_is_named(tmp_path):
    (tmp_path / "data").write_text("a file")
    assert f"{tmp_path / 'data'}" in one_sentence(serve_once(tmp_path))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--ladder", "banana"], ["--ladder", "'banana'"]),
        (["--ladder", "10s:7d,15s:30d"], ["--ladder", "10s", "15s"]),
        (["--ladder", "7s:7d"], ["--ladder", "7s"]),
        (["--graphite", "localhost"], ["--graphite", "'localhost'", "HOST:PORT"]),
        (["--config", "nowhere.toml"], ["nowhere.toml", "No such file"]),
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_sentence_that_holds_the_input(tmp_path, flags, words):
    sentence = one_sentence(serve_once(tmp_path, *flags))
    for word in words:
        assert word in sentence


def test_it_runs_on_when_nobody_reads_what_it_says(tmp_path):
    command = shlex.join([*CADENT, "serve", "--data", "data", "--ladder", "1s:1d", *FREE_PORTS])
    program = Program(["/bin/sh", "-c", f"{command} | true"], tmp_path)
    try:
        find = ["find", "cadent.*.lines.received", "--data", "data"]
        eventually(lambda: run_cadent(*find, cwd=tmp_path).stdout, "what it records from its second step on")
        program.signal_group(signal.SIGTERM)
        eventually(lambda: of_group(program.pid) == {}, "all processes have ended")
        assert "Traceback" not in program.output
        assert "BrokenPipe" not in program.output
    finally:
        program.stop()


@pytest.mark.parametrize("module", ["service/writer/process.py", "service/web/server.py", "api/app.py"])
def test_a_part_that_cannot_start_at_all_is_given_up(tmp_path, module):
    copy = copy_of_the_package(tmp_path / "copy")
    (copy / "cadent" / module).write_text("raise SystemExit('broken on purpose')\n")
    done = run_cadent("serve", "--data", tmp_path / "data", *FREE_PORTS, cwd=tmp_path, PYTHONPATH=str(copy))
    assert (done.returncode, done.stdout) == (1, "")
    name = "writer" if "writer" in module else "API"
    *said, last = done.stderr.splitlines()
    assert re.fullmatch(rf"cadent: the {name} ended \d times while starting; its last lines say why", last)
    assert any("broken on purpose" in line for line in said)


def test_a_machine_without_time_zones_is_served_in_utc(tmp_path):
    """As small containers are."""
    program = Program([*CADENT, "serve", "--data", "data", *FREE_PORTS], tmp_path, PYTHONTZPATH="/nowhere")
    try:
        program.wait_until(lambda: "is ready" in program.output, "ready")
    finally:
        program.stop()


def test_an_unknown_key_names_the_nearest(tmp_path):
    (tmp_path / "cadent.toml").write_text("[http]\nwrokers = 2\n")
    sentence = one_sentence(serve_once(tmp_path, "--config", "cadent.toml"))
    assert "wrokers" in sentence
    assert "did you mean [http] workers?" in sentence


def test_a_damaged_folder_is_named_and_not_written_to(serve, quiet):
    service = serve("--config", quiet)
    for batch in ("first", "second"):
        service.send(lines_of(past_points(batch, 50, 1)))
        wait_until_shown(service, f"{batch}.*", past_points(batch, 50, 1))
    service.stop()
    names = service.data / "names" / "names.log"
    damaged = bytearray(names.read_bytes())
    damaged[damaged.index(b"first.p000")] ^= 0xFF
    names.write_bytes(damaged)
    done = serve_once(service.folder)
    assert done.returncode == 1
    assert f"{names} is damaged at byte" in done.stderr
    assert "Traceback" not in done.stderr
    assert names.read_bytes() == damaged


def test_the_default_addresses_are_the_readmes(tmp_path):
    """Nothing but the data folder given: either it starts there, or it names the port that another program has."""
    program = Program([*CADENT, "serve"], tmp_path)
    try:
        eventually(lambda: "is ready" in program.output or "is in use" in program.output, "an outcome")
        assert "127.0.0.1:2003" in program.output or "127.0.0.1:8083" in program.output
        assert (tmp_path / "cadent-data").is_dir()
    finally:
        program.stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "[::1]", "localhost"])
def test_other_addresses_to_listen_on(tmp_path, host):
    program = Program([*CADENT, "serve", "--data", "data", "--graphite", f"{host}:0", "--http", f"{host}:0"], tmp_path)
    try:
        program.wait_until(lambda: "is ready" in program.output, "ready")
        assert run_cadent("find", "*", "--data", "data", cwd=tmp_path).returncode == 0
    finally:
        program.stop()


@pytest.mark.parametrize("base_path", ["/", "metrics/of/cadent/"])
def test_commands_find_the_api_below_another_base_path(serve, tmp_path, base_path):
    (tmp_path / "cadent.toml").write_text(f'[http]\nbase_path = "{base_path}"\n')
    service = serve("--config", tmp_path / "cadent.toml")
    service.send([f"based.path 1 {PAST}"])
    eventually(lambda: service.command("find", "based.*").stdout == "based.path\n", "the path")
    assert service.web.get(f"/{base_path.strip('/')}/find".replace("//", "/"), query="based.*").json


def test_a_folder_with_a_very_long_name_works(tmp_path):
    """A unix socket's address has no room for it."""
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    program = started(tmp_path, folder / "data")
    try:
        program.wait_until(lambda: "is ready" in program.output, "ready")
        assert run_cadent("stats", "--data", folder / "data", cwd=tmp_path).returncode == 0
    finally:
        program.stop()


def test_many_connections_are_all_taken(serve, quiet):
    service = serve("--config", quiet)
    connections = [socket.create_connection(("127.0.0.1", service.graphite_port)) for _ in range(800)]
    for number, connection in enumerate(connections):
        connection.sendall(f"many.p{number} 1 {PAST}\n".encode())
    for connection in connections:
        connection.close()
    wait_until_shown(service, "many.*", {(f"many.p{number}", PAST): (1, 1.0) for number in range(800)})
