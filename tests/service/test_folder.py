"""Data folders that cannot be used, from the start or from one moment to the next: a sentence, an end, and nothing changed."""

import json
import os
import shutil
import signal
import struct
import zlib

import pytest
from cadent.service.control.client import ControlClient
from package import copy_of_the_package
from points import lines_of, past_points, wait_until_shown, wait_until_written
from processes import of_group, writer_of
from programs import Cadent, eventually, run_cadent

FREE_PORTS = ("--graphite", "127.0.0.1:0", "--http", "127.0.0.1:0")
SENT = past_points("kept", 5, 5)


def serve_once(data):
    """A start that is expected to fail."""
    return run_cadent("serve", "--data", data, *FREE_PORTS, cwd=data.parent)


def contents(folder):
    """Of all files but those that say who uses the folder; without the zeros that a log has allocated ahead."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in {"lock", "service.lock"})
    return {path: path.read_bytes().rstrip(b"\0") for path in files}


@pytest.fixture
def service(serve, quiet):
    running = serve("--config", quiet)
    running.send(lines_of(SENT))
    wait_until_written(running, len(SENT))
    return running


def ended(service) -> str:
    """What the service said, once it has ended by itself."""
    assert service.program.wait(20) == 1
    eventually(lambda: of_group(service.program.pid) == {}, "all processes have ended")
    assert "Traceback" not in service.program.output
    return service.program.output


def test_a_folder_that_is_removed_ends_the_service_and_is_not_made_anew(service):
    shutil.rmtree(service.data)
    assert f"the data folder {service.data} is gone" in ended(service)
    assert not service.data.exists()


def test_a_folder_that_is_moved_away_ends_the_service_and_works_when_it_is_back(service):
    elsewhere = service.folder / "elsewhere"
    service.data.rename(elsewhere)
    assert f"the data folder {service.data} is gone" in ended(service)
    assert not service.data.exists()
    elsewhere.rename(service.data)
    service.start()
    service.wait()
    wait_until_shown(service, "kept.*", SENT)


def test_a_disk_that_is_taken_away_ends_the_service(small_disk, service_on, quiet):
    disk = small_disk(16 << 20)
    running = service_on(disk, "--config", quiet)
    disk.unmount()
    assert f"the data folder {disk.folder} is gone" in ended(running)
    assert list(disk.folder.iterdir()) == [], "nothing was written to the folder below"


def test_a_read_only_disk_is_refused_in_one_sentence(small_disk):
    disk = small_disk(1 << 20)
    disk.allow_writing(False)
    done = serve_once(disk.folder / "data")
    assert done.returncode == 1
    assert done.stderr == f"cadent: cannot use {disk.folder / 'data'} as data folder: Read-only file system\n"


def later_version(data, format_, check_from):
    """A header whose version, with struct's ``format_`` at byte 8, is a later one; its checksum is at ``check_from``."""
    data = bytearray(data)
    struct.pack_into(format_, data, 8, 99)
    struct.pack_into("<I", data, check_from, zlib.crc32(data[:check_from]))
    return bytes(data)


def later_names_log(data):
    return later_version(data, "<H", 24)


def later_segment(data):
    return later_version(data, "<I", struct.unpack_from("<I", data, 12)[0] - 4)


def later_manifest(data):
    text = json.dumps({**json.loads(data.split(b"\n")[0]), "format": 99}).encode() + b"\n"
    return text + f"crc32 {zlib.crc32(text):08x}\n".encode()


LATER = {"names/names.log": later_names_log, "*/10/log/*.log": later_segment, "manifest": later_manifest}


def test_a_folder_of_a_newer_cadent_is_refused_in_words_and_not_changed(service, tmp_path):
    seal(service)
    service.send(lines_of(past_points("unsealed", 5, 5)))
    wait_until_written(service, 2 * len(SENT))
    service.stop()
    for number, (pattern, later) in enumerate(LATER.items()):
        data = shutil.copytree(service.data, tmp_path / str(number), ignore=shutil.ignore_patterns("control.sock"))
        (file,) = data.glob(pattern)
        file.write_bytes(later(file.read_bytes()))
        before = contents(data)
        done = serve_once(data)
        assert done.returncode == 1
        assert str(file) in done.stderr
        assert "format" in done.stderr
        assert "99" in done.stderr
        assert "Traceback" not in done.stderr
        assert "started again" not in done.stderr
        assert contents(data) == before


def seal(service):
    client = ControlClient(service.data)
    client.ask("seal")
    eventually(lambda: client.ask("stats")["stats"]["queue.segments"] == 0, "all is sealed")
    client.close()
    eventually((service.data / "manifest").exists, "a manifest")


def test_a_writer_that_cannot_run_any_more_is_given_up(tmp_path):
    copy = copy_of_the_package(tmp_path / "copy")
    (tmp_path / "service").mkdir()
    service = Cadent(tmp_path / "service", PYTHONPATH=str(copy))
    try:
        service.wait()
        (copy / "cadent" / "service" / "writer" / "process.py").write_text("raise SystemExit('broken on purpose')\n")
        os.kill(writer_of(service), signal.SIGKILL)
        assert service.program.wait(60) == 1
        assert "the writer ended 6 times while starting; its last lines say why" in service.program.output
        assert of_group(service.program.pid) == {}
    finally:
        service.stop()
