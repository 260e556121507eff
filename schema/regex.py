r"""Regular expressions of users, on RE2: matching takes time in proportion to the text, whatever the expression.

Python's own engine can take for ever on a short one, and nothing can stop it. What RE2 gives up for that is look-around and
back references inside an expression; and ``\d``, ``\w`` and ``\s`` are ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from .errors import LimitExceeded, QueryError

if TYPE_CHECKING:
    import re2

MOST_CHARACTERS = 10_000  # a list of some hundred hosts, as a dashboard's variable writes it, is 5,000
_MOST_GROWTH = 10_000  # characters that one text may get longer: applied often enough, doubling fills any memory
_MOST_MEMORY = 2 << 20  # bytes for the states of one expression; RE2 keeps 128 of them
_BACKSLASH = re.compile(r"\\(?:(?P<number>[1-9]\d?)|g<(?P<name>\w+)>|(?P<itself>\\))")


class Regex:
    """A compiled expression. Any thread."""

    def __init__(self, text: str) -> None:
        """Raises QueryError if ``text`` is none, with the place where it stops to be one."""
        if len(text) > MOST_CHARACTERS:
            raise QueryError(f"regex {text[:50]!r}... has {len(text)} characters; at most {MOST_CHARACTERS} are taken")
        self.text = text
        self._compiled = _compiled(text)

    @property
    def size(self) -> int:
        """How many steps one character of a text can take at most."""
        return self._compiled.programsize

    def search(self, text: str) -> bool:
        """True if it matches somewhere in ``text``."""
        return self._compiled.search(text) is not None

    def match(self, text: str) -> bool:
        """True if it matches at the beginning of ``text``."""
        return self._compiled.match(text) is not None

    def sub(self, replacement: str, text: str) -> str:
        r"""``text`` with each match replaced; ``\1``, ``\g<1>`` and ``\g<name>`` in ``replacement`` are what a group matched,
        ``\\`` is one backslash. Raises QueryError for a group that is not there, LimitExceeded for a text that grows too long."""
        pieces, end, grown = [], 0, 0
        references = len(_BACKSLASH.findall(replacement))
        for match in self._matches(text):
            grown += len(replacement) + references * len(match.group())
            if grown > len(text) + _MOST_GROWTH:
                raise LimitExceeded(f"regex {self.text[:200]!r} and what replaces it make {grown:,} characters or more of a text")
            pieces += [text[end : match.start()], self._expand(replacement, match)]
            end = match.end()
        return "".join([*pieces, text[end:]])

    def _matches(self, text: str) -> Iterator[re2._Match[str]]:
        """RE2 gives the empty match at the end of a text twice."""
        last = None
        for match in self._compiled.finditer(text):
            if match.span() != last:
                yield match
            last = match.span()

    def _expand(self, replacement: str, match: re2._Match[str]) -> str:
        return _BACKSLASH.sub(partial(self._meant, match), replacement)

    def _meant(self, match: re2._Match[str], escape: re.Match[str]) -> str:
        """What an escape in the replacement stands for."""
        if escape["itself"]:
            return "\\"
        group = escape["number"] or escape["name"]
        try:
            return match.group(int(group) if group.isdecimal() else group) or ""
        except IndexError:
            raise QueryError(f"regex {self.text!r} has no group {group!r}, which its replacement asks for") from None


def compile(text: str) -> Regex:  # noqa: A001 -- read as regex.compile, as everybody knows it from re
    """The expression ``text``. Raises QueryError if it is none."""
    return Regex(text)


def _compiled(text: str) -> re2._Regexp[str]:
    import re2  # noqa: PLC0415 -- 10 ms and 2 MB of every process, and few queries hold a regex

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(text, options)
    except re2.error as error:
        raise QueryError(_complaint(text, error.args[0].decode(errors="replace"))) from None
    except UnicodeEncodeError:
        raise QueryError(f"regex {text[:200]!r} is not Unicode text") from None


def _complaint(text: str, reason: str) -> str:
    """A sentence from RE2's words, which mostly end with the part of ``text`` that it could not read."""
    what, _, part = reason.partition(": ")
    place = f", at character {max(text.find(part), 0) + 1}" if part else ""
    if part.startswith(("(?=", "(?!", "(?<")):
        what = "look-around is not supported"
    return f"regex {text[:200]!r} cannot be read: {what}{place}"
