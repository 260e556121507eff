"""carbon's storage-schemas.conf and storage-aggregation.conf, as policies and statistics by path.

carbon chooses a path's retentions by the one file and its aggregation by the other, each time the first section whose pattern
is found in the path. Sections of the first become policies, those of the second ``[[statistic]]`` tables. A policy for each pair
of sections would cost a folder and a log that is synced every step, and a statistic is only what queries show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from ...schema.errors import ConfigError
from ...schema.policy import TAKEN_NAMES, Policy, StatisticRule
from ...schema.resolution import DAY_S, Ladder, Resolution
from ...schema.statistic import Statistic
from .file import read_text
from .policy_tables import Entry, show

_RETENTION = re.compile(r"(?P<step>\d+)(?P<step_unit>[a-z]*):(?P<amount>\d+)(?P<unit>[a-z]*)")
_UNITS_S = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": DAY_S, "weeks": 7 * DAY_S, "years": 365 * DAY_S}
_STATISTICS = {
    "average": Statistic.MEAN,
    "sum": Statistic.SUM,
    "last": Statistic.LAST,
    "max": Statistic.MAX,
    "min": Statistic.MIN,
}
_EVERY_PATH = re.compile(r"\^?(\.[*+]?)?\$?|\^")
# What carbon does with a path that no section matches.
_CARBONS_LADDER = Ladder((Resolution(60, 7 * DAY_S),))
_CARBONS_STATISTIC = Statistic.MEAN


class Section(NamedTuple):
    """A section of one of carbon's files. ``place`` names both in errors and comments; ``options`` have lower-case keys."""

    name: str
    place: str
    options: Mapping[str, str]


class Imported(NamedTuple):
    """What one section became, with a comment that says where it is from and what was left out."""

    comment: str
    entry: Entry

    def __str__(self) -> str:
        """As it stands in a configuration file."""
        return f"# {self.comment}\n{show(self.entry)}"


def read_schemas(file: Path) -> list[Imported]:
    """The policies of a storage-schemas.conf. Raises ConfigError that names file and section."""
    imported: list[Imported] = []
    names = {"default", *TAKEN_NAMES}
    for section in _sections(file):
        name = _free_name(section.name, names)
        names.add(name)
        policy = Policy(name, _ladder(section), _pattern(section))
        imported.append(Imported(_comment(section, {"pattern", "retentions"}), policy))
    if not any(_is_for_every_path(one.entry) for one in imported):
        rest = Policy(_free_name("default", names), _CARBONS_LADDER, ".")
        imported.append(Imported("What carbon does with a path that no section matches", rest))
    return imported


def read_aggregation(file: Path) -> list[Imported]:
    """The statistics by path of a storage-aggregation.conf. Raises ConfigError that names file and section."""
    known = {"pattern", "aggregationmethod"}
    imported = [
        Imported(_comment(section, known), StatisticRule(_pattern(section), _statistic(section))) for section in _sections(file)
    ]
    if not any(_is_for_every_path(one.entry) for one in imported):
        rest = StatisticRule(".", _CARBONS_STATISTIC)
        imported.append(Imported("What carbon does with a path that no section matches", rest))
    return imported


def _sections(file: Path) -> Iterator[Section]:
    # carbon's own parser, so that quotes, comments and % are read as carbon reads them.
    parser = ConfigParser()
    try:
        parser.read_string(read_text(file), str(file))
        for name in parser.sections():
            yield Section(name, f"{file}, section [{name}]", dict(parser.items(name)))
    except Error as error:
        raise ConfigError(f"{file}: {' '.join(str(error).split())}") from None


def _pattern(section: Section) -> str:
    pattern = _option(section, "pattern")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"{section.place}: pattern {pattern!r} is not a regular expression: {error}") from None
    return pattern


def _option(section: Section, key: str) -> str:
    value = section.options.get(key)
    if not value:
        raise ConfigError(f"{section.place} has no {key}: carbon passes over it; take it out")
    return value


def _ladder(section: Section) -> Ladder:
    retentions = _option(section, "retentions")
    try:
        resolutions = [_resolution(retention.strip()) for retention in retentions.split(",")]
        return Ladder(tuple(sorted(resolutions, key=lambda resolution: resolution.step_s)))  # as whisper sorts them
    except ConfigError as error:
        raise ConfigError(f"{section.place}: retentions {retentions!r}: {error}") from None


def _resolution(retention: str) -> Resolution:
    """``60:1440`` (1,440 points) or ``60s:1d``, also ``1min:1day``."""
    match = _RETENTION.fullmatch(retention)
    if match is None or not int(match["step"]):
        raise ConfigError(f"{retention!r} is not what carbon reads, such as 60:1440 or 10s:6h")
    step_s = int(match["step"]) * _unit_s(match["step_unit"] or "s")
    points = int(match["amount"]) * _unit_s(match["unit"]) // step_s if match["unit"] else int(match["amount"])
    return Resolution(step_s, points * step_s)


def _unit_s(text: str) -> int:
    """Carbon 1.1 takes the first letters alone, as older ones and whisper any beginning of the words."""
    for unit, seconds in _UNITS_S.items():
        if unit.startswith(text):
            return seconds
    raise ConfigError(f"{text!r} is not the beginning of {', '.join(_UNITS_S)}")


def _statistic(section: Section) -> Statistic:
    method = section.options.get("aggregationmethod")
    if method is None:
        return _CARBONS_STATISTIC
    if method not in _STATISTICS:
        raise ConfigError(f"{section.place}: Cadent has no aggregationMethod {method!r}; want one of {', '.join(_STATISTICS)}")
    return _STATISTICS[method]


def _free_name(section: str, names: set[str]) -> str:
    """A policy's name made of the section's, that is not in ``names``."""
    name = re.sub(r"[^a-z0-9_-]+", "-", section.lower()).strip("-_")[:50] or "section"
    candidates = chain([name, f"carbon-{name}"], (f"{name}-{number}" for number in count(2)))
    return next(candidate for candidate in candidates if candidate not in names)


def _comment(section: Section, known: set[str]) -> str:
    left_out = [f"{key} = {' '.join(value.split())}" for key, value in section.options.items() if key not in known]
    return f"{section.place}; left out: {', '.join(left_out)}" if left_out else section.place


def _is_for_every_path(entry: Entry) -> bool:
    return entry.match is not None and _EVERY_PATH.fullmatch(entry.match) is not None
