"""``cadent check`` finds every kind of damage, and ``--repair`` gives a folder that serves all the rest."""

import random
import re
import resource
import shutil
import subprocess

import pytest
from cadent.service.config.settings import Config, StoreSettings
from cadent.service.folder.check import Check
from cadent.service.folder.repair import Repair
from cadent.service.folder.storage import Storage
from points import PAST, lines_of, past_points, shown, wait_until_shown, wait_until_written
from programs import CADENT, Cadent, run_cadent

SEALED = past_points("sealed", 60, 60)
LOGGED = [past_points(f"logged{turn}", 10, 3) for turn in range(4)]
LOGGED_POINTS = {at: value for points in LOGGED for at, value in points.items()}
ALL = SEALED | LOGGED_POINTS


@pytest.fixture(scope="module")
def quiet_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("config") / "quiet.toml"
    file.write_text("[service]\nself_metrics = false\n")
    return file


@pytest.fixture(scope="module")
def written(tmp_path_factory, quiet_file):
    """A data folder with a block, and a log of several appends."""
    service = Cadent(tmp_path_factory.mktemp("written"), "--config", quiet_file)
    try:
        service.wait()
        service.send(lines_of(SEALED))
        wait_until_written(service, len(SEALED))
        service.command("compact")
        count = len(SEALED)
        for points in LOGGED:
            service.send(lines_of(points))
            count += len(points)
            wait_until_written(service, count)
    finally:
        service.stop()
    return service.data


@pytest.fixture
def data(tmp_path, written):
    """A copy of it, for one test."""
    shutil.copytree(written, tmp_path / "service" / "data")
    return tmp_path / "service" / "data"


@pytest.fixture
def serve_data(data, quiet_file):
    started = []

    def start():
        started.append(Cadent(data.parent, "--config", quiet_file))
        started[-1].wait()
        return started[-1]

    yield start
    for service in started:
        service.stop()


def check(data, *flags):
    return run_cadent("check", "--data", data, *flags, cwd=data.parent)


def one(data, pattern):
    (path,) = data.glob(pattern)
    return path


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


def found_by(service):
    return shown(service, ["sealed.*", "logged*.*"], PAST - 3_600, PAST + 3_600)


def assert_is_repaired(data):
    done = check(data, "--repair")
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "repaired" in done.stdout
    again = check(data)
    assert (again.returncode, again.stdout, again.stderr) == (0, "nothing is damaged\n", "")
    return done.stdout


def test_a_sound_folder_has_nothing_damaged(data):
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    for flags in ([], ["--repair"]):
        done = check(data, *flags)
        assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is damaged\n", "")
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


def test_a_running_service_is_checked_but_not_repaired(serve_data, data):
    service = serve_data()
    assert check(data).stdout.endswith("nothing is damaged\n")
    done = check(data, "--repair")
    assert (done.returncode, done.stdout) == (1, "")
    assert "stop it before a repair" in done.stderr
    flip(one(data, "default/10/*.block"), 200)
    done = check(data)
    assert done.returncode == 1
    assert ".block is damaged at byte" in done.stdout
    assert shown(service, "logged*.*", PAST - 3_600, PAST + 3_600) == LOGGED_POINTS


def test_damage_in_a_block_costs_the_paths_it_hit(data, serve_data):
    block = one(data, "default/10/*.block")
    flip(block, 200)
    line = check(data).stdout.splitlines()[0]
    assert re.match(rf"{block} is damaged at byte \d+: ", line)
    assert re.search(r"lost: default/10 from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} to .* of \d+ paths: sealed\.p", line)
    assert_is_repaired(data)
    found = found_by(serve_data())
    assert found.items() <= ALL.items()
    assert len(found) >= len(ALL) - 16 * 60  # sixteen paths share a checksum
    assert len(found) < len(ALL)
    assert one(data, "damaged/*.block").stat().st_size > 0


@pytest.mark.parametrize("how", ["header", "index", "short", "missing"])
def test_a_block_that_is_lost_as_a_whole_costs_no_other(data, serve_data, how):
    block = one(data, "default/10/*.block")
    size = block.stat().st_size
    if how == "missing":
        block.unlink()
    elif how == "short":
        block.write_bytes(block.read_bytes()[: size // 2])
    else:
        flip(block, 9 if how == "header" else size - 12)
    assert "of all paths in it" in check(data).stdout
    assert_is_repaired(data)
    assert found_by(serve_data()) == LOGGED_POINTS


def test_a_log_is_cut_where_it_is_damaged_and_the_rows_behind_are_named(data, serve_data):
    segment = one(data, "default/10/log/*.log")
    starts = [match.start() for match in re.finditer(b"LREC", segment.read_bytes())]
    flip(segment, starts[len(starts) // 2] + 60)
    output = check(data).stdout
    assert re.search(rf"{segment} is damaged at byte \d+: .*; lost: default/10 rows from \d{{4}}-", output)
    assert_is_repaired(data)
    found = found_by(serve_data())
    assert SEALED.items() <= found.items() <= ALL.items()
    assert len(SEALED) < len(found) < len(ALL)


def test_a_torn_tail_of_the_log_is_no_damage(data, serve_data):
    segment = one(data, "default/10/log/*.log")
    content = segment.read_bytes()
    segment.write_bytes(content[: content.rindex(b"LREC") + 70])
    assert check(data).returncode == 0
    assert SEALED.items() <= found_by(serve_data()).items()


def test_names_that_can_be_read_keep_their_ids(data, serve_data):
    names = data / "names" / "names.log"
    flip(names, names.read_bytes().index(b"logged1.p003"))
    output = check(data).stdout
    assert re.search(rf"{names} is damaged at byte \d+: .*; lost: paths of ids 70 to 79, if they had one", output), output
    assert_is_repaired(data)
    service = serve_data()
    found = found_by(service)
    assert found.items() <= ALL.items()
    assert {path for path, _ in found} == {path for path, _ in ALL if not path.startswith("logged1.")}
    again = past_points("logged1", 10, 2)
    service.send(lines_of(again))
    wait_until_shown(service, "logged1.*", again)


@pytest.mark.parametrize("what", ["header", "last frame", "all"])
def test_other_damage_of_the_names(data, serve_data, what):
    names = data / "names" / "names.log"
    if what == "header":
        flip(names, 12)
    elif what == "last frame":
        flip(names, names.read_bytes().index(b"logged3.p003"))
    else:
        names.unlink()
    assert str(names) in check(data).stdout
    assert_is_repaired(data)
    service = serve_data()
    lost = {"header": (), "last frame": ("logged3.",), "all": ("logged", "sealed")}[what]
    left = {at: value for at, value in ALL.items() if not at[0].startswith(lost or "none")}
    assert found_by(service) == left
    fresh = past_points("fresh", 3, 3)
    service.send(lines_of(fresh))
    wait_until_shown(service, "fresh.*", fresh)


def test_a_damaged_trie_is_made_anew_and_nothing_is_lost(data, serve_data):
    (data / "names" / "trie").write_bytes(b"CDNTTRIE" + bytes(200))
    assert "nothing is lost" in check(data).stdout
    assert_is_repaired(data)
    assert found_by(serve_data()) == ALL


def test_a_damaged_manifest_is_not_guessed(data):
    flip(data / "manifest", 30)
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    done = check(data)
    assert done.returncode == 1
    assert re.search(r"manifest is damaged at byte 0: .*restore a snapshot", done.stdout)
    done = check(data, "--repair")
    assert done.returncode == 1
    assert "cannot be repaired: restore a snapshot" in done.stderr
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


def test_damage_in_several_files_is_repaired_at_once(data, serve_data):
    flip(one(data, "default/10/*.block"), 200)
    segment = one(data, "default/10/log/*.log")
    flip(segment, segment.read_bytes().index(b"LREC") + 60)
    names = data / "names" / "names.log"
    flip(names, names.read_bytes().index(b"logged1.p003"))
    assert len(check(data).stdout.splitlines()) == 4
    assert_is_repaired(data)
    found = found_by(serve_data())
    assert found.items() <= SEALED.items()
    assert found


@pytest.mark.parametrize("pattern", ["default/10/*.block", "default/10/log/*.log", "names/names.log"])
def test_after_a_repair_nothing_is_damaged_wherever_a_byte_was_flipped(tmp_path, written, pattern):
    content = one(written, pattern).read_bytes().rstrip(b"\0")
    for turn, at in enumerate(random.Random(7).sample(range(len(content)), 15)):
        folder = tmp_path / str(turn)
        shutil.copytree(written, folder)
        flip(one(folder, pattern), at)
        found = list(Check(folder).of_all())
        Repair(folder).of(found)
        assert list(Check(folder).of_all()) == [], f"byte {at}: {found}"
        Storage.open(Config(StoreSettings(data=folder)), PAST + 7_200, print).close()


def test_a_repair_that_was_cut_short_can_be_given_again(data):
    """Here by a disk that takes nothing more."""
    flip(one(data, "default/10/*.block"), 200)
    names = data / "names" / "names.log"
    flip(names, names.read_bytes().index(b"logged1.p003"))
    full = subprocess.run(
        [*CADENT, "check", "--repair", "--data", str(data)],
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )
    assert (full.returncode, full.stderr.count("\n")) == (1, 1), full.stderr
    assert "Traceback" not in full.stderr
    assert_is_repaired(data)


def test_a_folder_without_data_is_refused(tmp_path):
    done = run_cadent("check", "--data", tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "has no data" in done.stderr
