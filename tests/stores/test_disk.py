import errno
import os

import pytest
from cadent.schema.errors import Unavailable
from cadent.stores.disk import disk, link_or_copy, make_folder, replace_file, write_at


def test_an_error_of_the_system_becomes_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="No space left on device") as caught, disk(tmp_path / "file"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(tmp_path / "file") in str(caught.value)


def test_all_is_written_however_little_a_call_takes(tmp_path, monkeypatch):
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, data[:3], offset))
    with (tmp_path / "file").open("wb") as file:
        write_at(file.fileno(), b"0123456789", 2)
    assert (tmp_path / "file").read_bytes() == b"\0\0" + b"0123456789"


def test_a_folder_is_made_with_what_is_missing_above_it(tmp_path):
    make_folder(tmp_path / "a" / "b" / "c")
    make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_a_file_is_what_it_was_or_what_it_becomes(tmp_path, monkeypatch):
    path = tmp_path / "file"
    replace_file(path, b"old")

    def refuse(_):
        raise OSError(errno.EIO, "test")

    monkeypatch.setattr(os, "fdatasync", refuse)
    with pytest.raises(OSError, match="test"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    monkeypatch.undo()
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_link_is_the_same_file_and_an_existing_one_is_not_replaced(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"bytes")
    link_or_copy(source, target)
    assert target.stat().st_ino == source.stat().st_ino
    source.unlink()
    source.write_bytes(b"others")
    with pytest.raises(FileExistsError):
        link_or_copy(source, target)
    assert target.read_bytes() == b"bytes"
