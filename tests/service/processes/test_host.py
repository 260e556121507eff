import os
import subprocess
import sys
from pathlib import Path

import pytest
from cadent.service.processes import host
from programs import eventually

GONE = 2**22 + 1  # above the most that the kernel gives


def test_the_cpu_time_of_a_process_grows_with_its_work():
    before = host.cpu_seconds(os.getpid())
    while host.cpu_seconds(os.getpid()) < before + 0.05:
        sum(range(10_000))
    assert host.cpu_seconds(os.getpid()) == pytest.approx(sum(os.times()[:4]), abs=0.5)


def test_the_memory_of_a_process_shows_what_it_takes():
    before = host.resident_bytes(os.getpid())
    taken = bytearray(os.urandom(1)) * (64 << 20)
    assert host.resident_bytes(os.getpid()) - before == pytest.approx(len(taken), rel=0.2)


def test_a_process_that_is_gone_has_nothing():
    assert host.cpu_seconds(GONE) == host.resident_bytes(GONE) == 0
    assert host.children(GONE) == []


def test_children_and_their_children():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import sys; sys.stdin.read()'])"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        (grandchild,) = eventually(lambda: host.children(child.pid), "the grandchild")
        assert {child.pid, grandchild} <= set(host.children(os.getpid()))
        assert host.children(grandchild) == []
    finally:
        child.stdin.close()
        child.wait()


def test_a_name_with_spaces_and_brackets_does_not_shift_the_fields(tmp_path):
    """The kernel puts the command's name in brackets, whatever it is."""
    program = tmp_path / "a ) b ("
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([program, "60"])
    try:
        eventually(lambda: host.resident_bytes(process.pid) > 0, "it runs")
        assert host.cpu_seconds(process.pid) < 5
        assert host.resident_bytes(process.pid) < 1 << 30
    finally:
        process.kill()
        process.wait()


def test_the_machine():
    used, free = host.disk_bytes(Path("/"))
    total, available = host.memory_bytes()
    assert used > 0
    assert free >= 0
    assert 0 < available <= total
    assert host.host_cpu_seconds() > 0
    assert host.load_average() >= 0
