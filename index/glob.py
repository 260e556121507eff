"""Graphite's globs: from a pattern as a user writes it to a query the trie takes.

Braces are expanded first, over the whole pattern, so ``{a.b,c}.d`` is ``a.b.d`` or ``c.d``; then each segment is matched
with ``*``, ``?``, ``[a-z]`` and ``[!a-z]``. Alternatives inside one segment stay together, so that the trie walks once.

In a query a line feed stands between patterns, a dot between segments and the byte 0x1f between a segment's alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from ..schema.errors import InvalidPath, LimitExceeded, QueryError
from ..schema.path import normalise

MOST_ALTERNATIVES = 1_000  # what the braces of one pattern may expand to
MOST_CHARACTERS = 65_536
MOST_EXPANDED = 1_000_000  # characters of all alternatives
DEEPEST_BRACES = 32

_BETWEEN_PATTERNS = "\n"
_BETWEEN_ALTERNATIVES = "\x1f"

_Segment: TypeAlias = tuple[str, ...]  # alternatives
_Dotted: TypeAlias = tuple[_Segment, ...]

_PIECE = re.compile(r"[{},]|[^{},]+")
# Brackets match up: a class has a first member, which may be ``]`` itself.
_SEGMENT = re.compile(r"(?:[^\[\]]|\[(?:[!^]|(?![!^])).[^\]]*\])*")


def compile(pattern: str) -> bytes:  # noqa: A001  # as in re
    """The query for ``pattern``. Raises QueryError where its brackets or braces do not match up, LimitExceeded where its
    braces expand to more than 1,000 alternatives. A pattern with ``;`` is a tagged path, taken literally.

    A segment without characters matches nothing. Braces are braces between brackets too, as in graphite-web, and a class
    does not reach over a dot.
    """
    if len(pattern) > MOST_CHARACTERS:
        raise LimitExceeded(f"pattern {pattern[:60]!r}... has {len(pattern)} characters; the limit is {MOST_CHARACTERS}")
    if any(character < " " or "\ud800" <= character <= "\udfff" for character in pattern):
        raise QueryError(f"pattern {pattern[:200]!r} holds a control character or a lone surrogate")
    if ";" in pattern:
        return _tagged(pattern)
    found = _Parser(pattern).parse()
    for alternative in (alternative for dotted in found for segment in dotted for alternative in segment):
        if not _SEGMENT.fullmatch(alternative):
            raise QueryError(f"the brackets of pattern {pattern[:200]!r} do not match up in {alternative[:200]!r}")
    return _BETWEEN_PATTERNS.join(map(_text, found)).encode()


def _tagged(pattern: str) -> bytes:
    try:
        return normalise(pattern.encode()).encode()
    except InvalidPath as error:
        raise QueryError(f"pattern {pattern[:200]!r} is no tagged path: {error.reason}") from None


def _text(dotted: _Dotted) -> str:
    return ".".join(_BETWEEN_ALTERNATIVES.join(segment) for segment in dotted)


class _Parser:
    """Expands the braces of one pattern in one pass from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._pieces = _PIECE.findall(pattern)
        self._at = 0

    def parse(self) -> list[_Dotted]:
        found = self._sequence(0)
        if self._at < len(self._pieces):
            raise self._unbalanced()
        return found

    def _sequence(self, depth: int) -> list[_Dotted]:
        """Text and braces up to what ends them: the pattern's end, ``}``, or between braces a comma."""
        found: list[_Dotted] = [(("",),)]
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            if piece == "}" or (piece == "," and depth):
                break
            self._at += 1
            found = self._bounded(_joined(found, self._braces(depth + 1) if piece == "{" else [_dotted(piece)]))
        return found

    def _braces(self, depth: int) -> list[_Dotted]:
        """What stands behind a ``{``, up to its ``}``."""
        if depth > DEEPEST_BRACES:
            raise LimitExceeded(f"the braces of pattern {self._pattern[:200]!r} nest deeper than {DEEPEST_BRACES}")
        options = self._sequence(depth)
        while self._next() == ",":
            options += self._sequence(depth)
            if len(options) > MOST_ALTERNATIVES:
                raise self._too_many()
        return _gathered(options)

    def _next(self) -> str:
        if self._at == len(self._pieces):
            raise self._unbalanced()
        self._at += 1
        piece: str = self._pieces[self._at - 1]
        return piece

    def _bounded(self, found: Iterable[_Dotted]) -> list[_Dotted]:
        """``found``, each once, as long as there are not too many: nothing is expanded beyond the bounds."""
        kept: dict[_Dotted, None] = {}
        alternatives = characters = 0
        for dotted in found:
            if dotted in kept:
                continue
            kept[dotted] = None
            alternatives += _alternatives(dotted)
            characters += sum(len(alternative) + 1 for segment in dotted for alternative in segment)
            if alternatives > MOST_ALTERNATIVES or characters > MOST_EXPANDED:
                raise self._too_many()
        return list(kept)

    def _too_many(self) -> LimitExceeded:
        return LimitExceeded(
            f"the braces of pattern {self._pattern[:200]!r} expand to more than {MOST_ALTERNATIVES} alternatives "
            f"or {MOST_EXPANDED} characters; ask with several patterns"
        )

    def _unbalanced(self) -> QueryError:
        return QueryError(f"the braces of pattern {self._pattern[:200]!r} do not match up")


def _dotted(text: str) -> _Dotted:
    return tuple((segment,) for segment in text.split("."))


def _joined(left: list[_Dotted], right: list[_Dotted]) -> Iterator[_Dotted]:
    """Everything of ``left`` with everything of ``right`` behind it."""
    for before in left:
        for after in right:
            yield (*before[:-1], _pairs(before[-1], after[0]), *after[1:])


def _pairs(starts: _Segment, ends: _Segment) -> _Segment:
    """Each of ``starts`` with each of ``ends`` behind it, or so many of them that they are refused."""
    pairs: dict[str, None] = {}
    for start in starts:
        pairs.update(dict.fromkeys(start + end for end in ends))
        if len(pairs) > MOST_ALTERNATIVES:
            break
    return tuple(pairs)


def _gathered(options: list[_Dotted]) -> list[_Dotted]:
    """Options without a dot become one segment of alternatives."""
    alternatives = dict.fromkeys(alternative for dotted in options if len(dotted) == 1 for alternative in dotted[0])
    several = [dotted for dotted in options if len(dotted) > 1]
    return [(tuple(alternatives),), *several] if alternatives else several


def _alternatives(dotted: _Dotted) -> int:
    return sum(len(segment) for segment in dotted if len(segment) > 1) or 1
