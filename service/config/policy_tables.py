"""The tables ``[[policy]]`` and ``[[statistic]]`` of a configuration, in and out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from ...schema.errors import ConfigError
from ...schema.policy import Policy, StatisticRule
from ...schema.resolution import Ladder
from ...schema.statistic import Statistic
from . import kinds
from .kinds import Kind

Entry = Policy | StatisticRule

# In a match: what is no text that a path has as it stands.
_SYNTAX = re.compile(r"(?:\\.|[^a-z0-9])+")


class Key(NamedTuple):
    """A key of a table: ``needed``, or what it is without one."""

    name: str
    kind: Kind
    needed: bool
    doc: str


class Table(NamedTuple):
    """A table that may stand any number of times, written ``[[name]]``."""

    name: str
    doc: str
    keys: tuple[Key, ...]


POLICY = Table(
    "policy",
    "Paths that are kept at resolutions of their own. In order: the first policy that matches a path when its first line comes "
    "holds for its life; where none does, the ladder of `[store]` holds, which is the policy `default`.",
    (
        Key(
            "name",
            kinds.NAME,
            False,
            "Of the folder that has its points: a-z, 0-9, `_` and `-`. Made of the letters and digits of the match without it, "
            "so that another match would be another policy: better give one.",
        ),
        Key("match", kinds.MATCH, True, "Regular expression; it matches a path in which it is found. `^` and `$` bind it."),
        Key("ladder", kinds.LADDER, True, "Steps and lifetimes, as in `[store]`."),
        Key("statistic", kinds.STATISTIC, False, "What queries show that do not say. Without it the next section decides."),
    ),
)
STATISTIC = Table(
    "statistic",
    "What queries show that name no statistic, of paths whose policy names none: that of the first table that matches, else what "
    "the last segment of the path says (`errors` a sum, `upper_90` a max), else the mean. All five are kept, so a change here "
    "shows at once in points of any age.",
    (
        Key("match", kinds.MATCH, True, "Regular expression, as above."),
        Key("statistic", kinds.STATISTIC, True, "One of " + ", ".join(f"`{one}`" for one in Statistic) + "."),
    ),
)
NAMES = (POLICY.name, STATISTIC.name)

EXAMPLE: tuple[Entry, ...] = (
    Policy("collectd", Ladder.parse("1m:30d"), r"^collectd\.", Statistic.MAX),
    StatisticRule(r"\.p99$", Statistic.MAX),
)


def read_policies(tables: object, origin: str) -> tuple[Policy, ...]:
    """The policies of a file's ``[[policy]]``; ``origin`` names the file in errors."""
    return tuple(_policy(place, values) for place, values in _entries(POLICY, tables, origin))


def read_rules(tables: object, origin: str) -> tuple[StatisticRule, ...]:
    """The rules of a file's ``[[statistic]]``; ``origin`` names the file in errors."""
    return tuple(_rule(place, values) for place, values in _entries(STATISTIC, tables, origin))


def to_toml(policies: Iterable[Policy], rules: Iterable[StatisticRule]) -> str:
    """Both tables, each entry after an empty line; an example in comments where there is no entry at all."""
    entries: list[Entry] = [*policies, *rules]
    if entries:
        return "".join(f"\n{show(entry)}" for entry in entries)
    example = "\n".join(show(entry) for entry in EXAMPLE)
    return "\n# Policies, and statistics by path: see configuration.md. For example:\n" + re.sub("(?m)^(?=.)", "# ", example)


def show(entry: Entry) -> str:
    """One table as it stands in a file."""
    table = POLICY if isinstance(entry, Policy) else STATISTIC
    values = ((key, getattr(entry, key.name)) for key in table.keys)
    lines = [f"{key.name} = {key.kind.show(value)}" for key, value in values if value is not None]
    return "\n".join([f"[[{table.name}]]", *lines]) + "\n"


def name_of(match: str) -> str:
    r"""The name of a policy that has none but its match: ``collectd`` of ``^collectd\.``. Empty if nothing is left."""
    return _SYNTAX.sub("-", match.lower()).strip("-")[:64].rstrip("-")


def _policy(place: str, values: dict[str, object]) -> Policy:
    match = cast("str", values["match"])
    name = cast("str | None", values.get("name")) or name_of(match)
    if not name:
        raise ConfigError(f"{place} needs a name: match {match!r} has no letter or digit to make one of")
    try:
        return Policy(name, cast("Ladder", values["ladder"]), match, cast("Statistic | None", values.get("statistic")))
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


def _rule(place: str, values: dict[str, object]) -> StatisticRule:
    try:
        return StatisticRule(cast("str", values["match"]), cast("Statistic", values["statistic"]))
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


def _entries(table: Table, tables: object, origin: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Each table of the file: its place, and its values of the right kinds."""
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise ConfigError(f"{origin}: {table.name} is not a list of tables; write [[{table.name}]] above each")
    for number, one in enumerate(tables, 1):
        place = f"{origin}: [[{table.name}]] number {number}"
        yield place, _values(table, one, place)


def _values(table: Table, given: dict[str, object], place: str) -> dict[str, object]:
    known = {key.name: key for key in table.keys}
    for name in given:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise ConfigError(f"{place}: {name} is not a key of it; did you mean {nearest}?")
    for key in table.keys:
        if key.needed and key.name not in given:
            raise ConfigError(f"{place} has no {key.name}; want {key.kind.wanted}")
    return {name: known[name].kind.take(value, f"{place}: {name}") for name, value in given.items()}
