"""What the value of a setting can be: how it is read from TOML or a flag, and how it is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ...schema.errors import ConfigError, QueryError
from ...schema.resolution import Ladder, format_duration, parse_duration
from ...schema.statistic import Statistic
from ...schema.times import zone
from ...stores.cassandra.settings import CONSISTENCIES, LAYOUTS, ClusterSettings, Replication

_SIZE = re.compile(r"(\d+) ?(B|kB|KB|MB|GB|KiB|MiB|GiB)?")
_BASE_PATH = re.compile(r"/|(/[A-Za-z0-9._~-]+)+")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,}")
_WRITER = re.compile(r"[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}")
_COPIES = re.compile(r"([A-Za-z0-9_.-]+):([1-9][0-9]*)")
_PLAIN = re.compile(r"[^'\x00-\x1f\x7f]*")
_GRAPHITE_ROUTES = {"/metrics", "/render", "/version", "/health", "/events", "/tags"}
_LEAST_SIZE = 2**20
_TOML_NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a fraction", list: "a list", dict: "a table"}
_SIZE_UNITS = {"GiB": 2**30, "GB": 10**9, "MiB": 2**20, "MB": 10**6, "KiB": 2**10, "kB": 10**3, "KB": 10**3, "B": 1}


class Unfit(ValueError):
    """A value is not of its kind; whoever reads the setting says which kind is wanted."""


class Address(NamedTuple):
    """Where a listener is: ``127.0.0.1:2003`` or ``[::1]:2003``. Port 0 takes any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Kind:
    """``read`` takes a TOML value or a flag's text, and raises ConfigError or ValueError; ``show`` gives a value's TOML."""

    wanted: str
    read: Callable[[object], object]
    show: Callable[[object], str]

    def take(self, value: object, place: str) -> object:
        """``value`` as ``read`` gives it; ConfigError with ``place`` and the value if it is not of this kind."""
        try:
            return self.read(value)
        except ConfigError as error:
            raise ConfigError(f"{place}: {error}") from None
        except ValueError:
            got = f"{value!r} ({_TOML_NAMES.get(type(value), 'a date or time')})"
            raise ConfigError(f"{place}: got {got}; want {self.wanted}") from None


def parse_size(text: str) -> int:
    """Bytes in ``64MB``, ``1GiB`` or a bare number: decimal and binary units."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"{text!r} is not a size; write a whole number and B, kB, MB, GB, KiB, MiB or GiB, such as 64MB")
    return int(match[1]) * _SIZE_UNITS[match[2] or "B"]


def format_size(size_bytes: int) -> str:
    """The shortest text that ``parse_size`` reads back as ``size_bytes``."""
    unit = next(name for name, factor in _SIZE_UNITS.items() if size_bytes % factor == 0)
    return f"{size_bytes // _SIZE_UNITS[unit]}{unit}"


def parse_replication(text: str) -> Replication:
    """That of ``1``, copies on a single node, or ``dc1:3,dc2:2``, copies by datacenter."""
    if text.isascii() and text.isdigit() and int(text) > 0:
        return {"class": "SimpleStrategy", "replication_factor": int(text)}
    found = [_COPIES.fullmatch(part.strip()) for part in text.split(",")]
    if not all(found):
        raise Unfit
    return {"class": "NetworkTopologyStrategy", **{one[1]: int(one[2]) for one in found if one}}


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit
    return value


def _read_count(lowest: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        number = _whole(value)
        if number < lowest:
            raise Unfit
        return number

    return read


def _read_duration(value: object) -> int:
    return parse_duration(str(_whole(value)) if isinstance(value, int) else _read_text(value))


def _read_duration_or_never(value: object) -> int:
    return 0 if value == 0 and not isinstance(value, bool) else _read_duration(value)


def _read_grace(value: object) -> int | None:
    if value == "step":
        return None
    return 0 if value == 0 else _read_duration(value)


def _show_grace(value: object) -> str:
    if value is None:
        return '"step"'
    return json.dumps(format_duration(value)) if isinstance(value, int) and value else "0"


def _read_size(value: object) -> int:
    return _read_count(_LEAST_SIZE)(parse_size(value) if isinstance(value, str) else value)


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unfit
    return value


def _read_address(value: object) -> Address:
    host, colon, port = _read_text(value).rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise Unfit
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def _read_ladder(value: object) -> Ladder:
    if isinstance(value, list):
        return Ladder.parse([_read_text(part) for part in value])
    return Ladder.parse(_read_text(value))


def _read_folder(value: object) -> Path:
    text = _read_text(value)
    if not text or "\0" in text:
        raise Unfit
    return Path(text)


def _read_store(value: object) -> str:
    text = _read_text(value)
    if text != FILES:
        ClusterSettings.of_address(text)
    return text


def _read_writer(value: object) -> str:
    text = _read_text(value)
    if not _WRITER.fullmatch(text):
        raise Unfit
    return text


def _read_replication(value: object) -> str:
    text = _read_text(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)
    parse_replication(text)
    return text


def _read_zone(value: object) -> str:
    text = _read_text(value)
    try:
        zone(text)
    except QueryError:
        raise ConfigError(f"{text!r} is not a time zone of this machine; write UTC or a name such as Europe/Paris") from None
    return text


def _read_base_path(value: object) -> str:
    path = "/" + _read_text(value).strip("/")
    if not _BASE_PATH.fullmatch(path) or path in _GRAPHITE_ROUTES:
        raise Unfit
    return path


def _read_token(value: object) -> str:
    text = _read_text(value)
    if text and not _TOKEN.fullmatch(text):
        raise Unfit
    return text


def _one_of(*words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in words:
            raise Unfit
        return str(value)

    return read


def _read_match(value: object) -> str:
    text = _read_text(value)
    if not text:
        raise Unfit
    return text


def _read_statistic(value: object) -> Statistic:
    return Statistic(_read_text(value))


def _show_text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _show_match(value: object) -> str:
    """In single quotes, where TOML leaves backslashes alone, if it can stand in them."""
    return f"'{value}'" if _PLAIN.fullmatch(str(value)) else _show_text(value)


def _show_duration(value: object) -> str:
    return json.dumps(format_duration(value)) if isinstance(value, int) and value else str(value)


def _show_size(value: object) -> str:
    return json.dumps(format_size(value)) if isinstance(value, int) else str(value)


# The store of chunks that needs no server.
FILES = "files"
LOG_LEVELS = ("debug", "info", "warning", "error")

FOLDER = Kind("the path of a folder", _read_folder, _show_text)
ADDRESS = Kind('"HOST:PORT", such as "127.0.0.1:2003"', _read_address, _show_text)
LADDER = Kind('resolutions from fine to coarse, such as "10s:7d,1m:30d"', _read_ladder, _show_text)
DURATION = Kind('a duration such as "30s", or a number of seconds', _read_duration, _show_duration)
DURATION_OR_NEVER = Kind('a duration such as "2h", or 0 for never', _read_duration_or_never, _show_duration)
GRACE = Kind('a duration such as "10s", a number of seconds, or "step"', _read_grace, _show_grace)
SIZE = Kind('a size such as "64MB", or a number of bytes, from 1MiB up', _read_size, _show_size)
COUNT = Kind("a whole number, 1 or more", _read_count(1), str)
COUNT_OR_NONE = Kind("a whole number, 0 or more", _read_count(0), str)
FLAG = Kind("true or false", _read_flag, lambda value: str(value).lower())
ZONE = Kind('a time zone, such as "UTC"', _read_zone, _show_text)
BASE_PATH = Kind('a URL path such as "/graphite", which no route of Graphite has', _read_base_path, _show_text)
TOKEN = Kind("16 characters or more of A-Z, a-z, 0-9, _, -, ., ~, +, / and =, or nothing", _read_token, _show_text)
LOG_LEVEL = Kind("one of " + ", ".join(LOG_LEVELS), _one_of(*LOG_LEVELS), _show_text)
STORE = Kind('"files", or an address such as "cassandra://127.0.0.1/cadent"', _read_store, _show_text)
WRITER = Kind('GROUP/REPLICA, such as "main/1"', _read_writer, _show_text)
REPLICATION = Kind('a number of copies, or copies by datacenter such as "dc1:3,dc2:2"', _read_replication, _show_text)
CONSISTENCY = Kind("one of " + ", ".join(CONSISTENCIES), _one_of(*CONSISTENCIES), _show_text)
LAYOUT = Kind("one of " + ", ".join(LAYOUTS), _one_of(*LAYOUTS), _show_text)
TEXT = Kind("a text", _read_text, _show_text)
NAME = Kind('a name, such as "collectd"', _read_text, _show_text)
MATCH = Kind(r"a regular expression, such as '^collectd\.'", _read_match, _show_match)
STATISTIC = Kind("one of " + ", ".join(Statistic), _read_statistic, _show_text)
