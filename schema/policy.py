"""Policies: which ladder a path gets, and which statistic its queries show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .errors import ConfigError
from .resolution import Ladder
from .statistic import Statistic, guess_statistic

MOST_POLICIES = 255  # what a path remembers of its policy while lines come in is a byte
# What else lies in a data folder, beside the folders of policies.
TAKEN_NAMES = frozenset({"lock", "manifest", "names", "damaged"})

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class StatisticRule:
    """Paths in which the regular expression ``match`` is found show ``statistic``."""

    match: str
    statistic: Statistic
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_regex", _compiled(self.match))

    def holds_for(self, path: str) -> bool:
        return self._regex.search(path) is not None


@dataclass(frozen=True, slots=True)
class Policy:
    """A named rule. ``match`` is a regular expression searched in the path; None matches every path.

    ``statistic`` None leaves it to the first of ``rules`` that holds for a path, and to the path's last segment if none does.
    The name is a folder's name too.
    """

    name: str
    ladder: Ladder
    match: str | None = None
    statistic: Statistic | None = None
    rules: tuple[StatisticRule, ...] = field(default=(), hash=False)  # queries look policies up for every path
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"policy name {self.name!r} is not made of a-z, 0-9, _ and - (64 at most)")
        if self.name in TAKEN_NAMES:
            raise ConfigError(f"policy name {self.name!r} is taken: the data folder has something else of that name")
        try:
            object.__setattr__(self, "_regex", _compiled(self.match or ""))
        except ConfigError as error:
            raise ConfigError(f"policy {self.name}: {error}") from None

    def holds_for(self, path: str) -> bool:
        return self._regex.search(path) is not None

    def statistic_of(self, path: str) -> Statistic:
        if self.statistic is not None:
            return self.statistic
        rule = self.rule_for(path)
        return guess_statistic(path) if rule is None else rule.statistic

    def rule_for(self, path: str) -> StatisticRule | None:
        """The first of ``rules`` that holds for ``path``."""
        return next((rule for rule in self.rules if rule.holds_for(path)), None)


@dataclass(frozen=True, slots=True)
class Policies:
    """Policies in order; the first that holds for a new path keeps it for life. The last one matches all."""

    ordered: tuple[Policy, ...]

    def __post_init__(self) -> None:
        names = [policy.name for policy in self.ordered]
        if len(set(names)) != len(names):
            raise ConfigError(f"two policies have the same name: {', '.join(names)}")
        if len(names) > MOST_POLICIES:
            raise ConfigError(f"there are {len(names)} policies; want at most {MOST_POLICIES}")
        if not self.ordered or self.ordered[-1].match is not None:
            raise ConfigError("the last policy must match every path (leave out its match)")
        if any(policy.match is None for policy in self.ordered[:-1]):
            raise ConfigError("only the last policy may match every path")

    @classmethod
    def single(cls, ladder: Ladder) -> Policies:
        """The one policy that ships: ``default``."""
        return cls((Policy("default", ladder),))

    def for_path(self, path: str) -> Policy:
        return next(policy for policy in self.ordered if policy.holds_for(path))

    def index_of(self, name: str) -> int:
        """Position of policy ``name``; ConfigError if it is not configured."""
        for position, policy in enumerate(self.ordered):
            if policy.name == name:
                return position
        raise ConfigError(f"policy {name!r} is not configured; known: {', '.join(p.name for p in self.ordered)}")

    def __iter__(self) -> Iterator[Policy]:
        return iter(self.ordered)

    def __getitem__(self, position: int) -> Policy:
        return self.ordered[position]

    def __len__(self) -> int:
        return len(self.ordered)


def _compiled(match: str) -> re.Pattern[str]:
    try:
        return re.compile(match)
    except re.error as error:
        raise ConfigError(f"match {match!r} is not a regular expression: {error}") from error
