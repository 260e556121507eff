"""A child process: started, watched, started again, ended. What it runs is a module of the test's own."""

import os
import signal
import time

import pytest
from cadent.service.config.kinds import Address
from cadent.service.config.settings import Config, SettingName
from cadent.service.processes.child import Child
from cadent.service.processes.lifeline import EXIT_USER_ERROR, Handover
from programs import eventually

PROLOGUE = "import os, pathlib, signal, sys, time\nfolder = pathlib.Path(__file__).parent\n"


@pytest.fixture
def child_of(tmp_path, monkeypatch):
    """``child_of(code)``: a child that runs ``code``."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    children = []

    def make(code: str, **descriptors: int) -> Child:
        name = f"child_module_{len(children)}"
        (tmp_path / f"{name}.py").write_text(PROLOGUE + code)
        children.append(Child("test child", name, Handover(Config(), descriptors)))
        return children[-1]

    yield make
    for child in children:
        child.kill()


def ended(child: Child, now: float) -> int:
    """The status of a child that is about to end."""
    return eventually(lambda: (status := child.tend(now)) is not None and [status], "it ends")[0]


def test_it_gets_its_handover_and_the_descriptors(child_of, tmp_path):
    read, write = os.pipe()
    child = child_of(
        "from cadent.service.processes.lifeline import Handover\n"
        "handover = Handover.receive()\n"
        "os.write(handover.descriptors['pipe'], str(handover.config.http.listen).encode())\n",
        pipe=write,
    )
    child.start(time.monotonic())
    os.close(write)
    assert os.read(read, 100) == b"127.0.0.1:8083"
    assert child.wait(10)
    os.close(read)


def test_one_that_ended_is_started_again_after_a_pause_that_grows(child_of):
    child, now, pauses = child_of("sys.exit(3)"), 1_000.0, []
    child.start(now)
    for _ in range(5):
        assert ended(child, now) == 3
        assert child.pid is None
        pauses.append(round(child.due_in(now), 3))
        assert child.tend(now + pauses[-1] - 0.01) is None
        assert child.pid is None, "it is too early"
        now += pauses[-1]
        assert child.tend(now) is None
        assert child.due_in(now) is None
    assert pauses == sorted(pauses)
    assert pauses[0] < 1 < pauses[-1]
    assert child.failures == 5


def test_one_that_ran_for_long_begins_with_the_shortest_pause_again(child_of):
    child = child_of("sys.exit(1)")
    for failures, started in ((1, 0.0), (2, 10.0), (1, 20.0)):
        child.start(started)
        ended(child, started + (100.0 if failures == 1 else 1.0))
        assert child.failures == failures


def test_a_killed_one_is_told_by_its_signal(child_of, caplog):
    child = child_of("time.sleep(60)")
    child.start(0.0)
    os.kill(child.pid, signal.SIGKILL)
    assert ended(child, 1.0) == -signal.SIGKILL
    assert "the test child ended (killed by SIGKILL) and is started again" in caplog.text


def test_one_that_said_what_its_user_must_change_is_no_news(child_of, caplog):
    child = child_of(f"sys.exit({EXIT_USER_ERROR})")
    child.start(0.0)
    assert ended(child, 1.0) == EXIT_USER_ERROR
    assert caplog.text == ""


def test_a_request_to_end_is_waited_for(child_of, tmp_path):
    child = child_of(
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.2), (folder / 'done').touch(), sys.exit(0)))\n"
        "(folder / 'ready').touch()\n"
        "while True: time.sleep(1)\n"
    )
    child.start(0.0)
    eventually((tmp_path / "ready").exists, "it runs")
    assert not child.wait(0.01)
    child.terminate()
    assert child.wait(10)
    assert (tmp_path / "done").exists()


def test_one_that_does_not_end_is_killed(child_of, tmp_path, caplog):
    child = child_of("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n(folder / 'ready').touch()\ntime.sleep(60)\n")
    child.start(0.0)
    eventually((tmp_path / "ready").exists, "it runs")
    child.terminate()
    assert not child.wait(0.1)
    child.kill()
    assert child.pid is None
    assert "did not end in time" in caplog.text


def test_an_interrupt_of_the_terminal_does_not_reach_it(child_of, tmp_path):
    child = child_of("(folder / 'ready').touch()\ntime.sleep(60)\n")
    child.start(0.0)
    eventually((tmp_path / "ready").exists, "it runs")
    os.kill(child.pid, signal.SIGINT)
    assert not child.wait(0.2)


def test_nothing_is_imported_from_the_folder_it_is_started_in(child_of, tmp_path, monkeypatch):
    started_in = tmp_path / "somewhere"
    started_in.mkdir()
    (started_in / "json.py").write_text("raise RuntimeError('not the standard library')\n")
    monkeypatch.chdir(started_in)
    child = child_of("import json\nsys.exit(7)\n")
    child.start(0.0)
    assert ended(child, 1.0) == 7


def test_its_input_ends_with_its_parent(child_of, tmp_path):
    """What happens when the supervisor is killed: nothing closes the pipe but the kernel."""
    code = (
        "from cadent.service.processes.child import Child\nfrom cadent.service.config.settings import Config\n"
        "from cadent.service.processes.lifeline import Handover\n"
        "child = Child('grandchild', 'grandchild_module', Handover(Config(), {}))\n"
        "child.start(0.0)\ntime.sleep(60)\n"
    )
    (tmp_path / "grandchild_module.py").write_text(
        PROLOGUE + "from cadent.service.processes import lifeline\n"
        "lifeline.Handover.receive()\n"
        "lifeline.watch(lambda: ((folder / 'ended').touch(), os._exit(0)))\n"
        "(folder / 'watching').touch()\ntime.sleep(60)\n"
    )
    child = child_of(code)
    child.start(0.0)
    eventually((tmp_path / "watching").exists, "the grandchild watches")
    assert not (tmp_path / "ended").exists()
    os.kill(child.pid, signal.SIGKILL)
    eventually((tmp_path / "ended").exists, "the grandchild knows")


def test_a_handover_survives_the_way():
    config = Config().replace({SettingName("http", "listen"): Address("::1", 1), SettingName("store", "grace_s"): 0})
    line = Handover(config, {"lock": 3, "graphite": 4}).pack()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


def test_a_child_whose_supervisor_is_gone_before_it_spoke_ends(tmp_path, child_of):
    child = child_of("from cadent.service.processes.lifeline import Handover\nsys.stdin = open(os.devnull)\nHandover.receive()\n")
    child.start(0.0)
    assert ended(child, 1.0) == 0
