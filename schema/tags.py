"""Tags of a path, and what a query says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from . import regex
from .errors import InvalidPath, QueryError
from .path import normalise

NAME = "name"  # the tag whose value is the part of a path before its tags

Accepts: TypeAlias = Callable[[str], bool]

_EXPRESSION = re.compile(r"([^;!=]+)(!?=~?)([^;]*)", re.DOTALL)
_CALL = re.compile(r"\s*seriesByTag\s*\(")
_LABEL = re.compile(r'([^=";]+)="((?:\\["\\]|[^"\\;])+)"(?:,|$)')
_ESCAPED = re.compile(r'\\(["\\])')
_ARGUMENT = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*([,)])""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TagExpression:
    """What is wanted of one tag, as Graphite writes it: ``tag=value``, ``tag!=value``, ``tag=~regex``, ``tag!=~regex``.

    A regex has to match at the beginning of the value. A path without the tag is treated as one whose value is empty.
    """

    tag: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> TagExpression:
        """Raises QueryError if ``text`` is no expression, or its regex none."""
        match = _EXPRESSION.fullmatch(text)
        if match is None:
            raise QueryError(
                f"tag expression {text[:200]!r} cannot be read; want tag=value, tag!=value, tag=~regex or tag!=~regex"
            )
        expression = cls(match[1], match[2], match[3])
        expression.predicate()
        return expression

    def __str__(self) -> str:
        return self.tag + self.operator + self.value

    @property
    def is_exact(self) -> bool:
        """Whether one value alone decides: there is no regex."""
        return not self.operator.endswith("~")

    def work(self, values: int, size_bytes: int) -> int:
        """How long it can take to look at so many values of ``size_bytes`` together, in nanoseconds of a usual machine."""
        return 0 if self.is_exact else 2_000 * values + size_bytes * regex.compile(self.value).size

    def predicate(self) -> Accepts:
        """Whether a value of the tag fits, which is empty for a path without it."""
        if self.operator == "=":
            return lambda value: value == self.value
        if self.operator == "!=":
            return lambda value: value != self.value
        compiled = regex.compile(self.value)
        if self.operator == "=~":
            return compiled.match
        return lambda value: not compiled.match(value)


def parse_expressions(texts: Iterable[str]) -> list[TagExpression]:
    """Raises QueryError if one of ``texts`` is no expression, or if paths without any tag fit all of them: those would be
    every path there is."""
    expressions = [TagExpression.parse(text) for text in texts]
    if all(expression.predicate()("") for expression in expressions):
        given = ", ".join(map(str, expressions))[:200]
        raise QueryError(f"at least one tag expression must ask for a value that is not empty; got {given!r}")
    return expressions


def read_target(target: str) -> list[TagExpression] | None:
    """The expressions of a target that is a call of ``seriesByTag``; None for any other. Raises QueryError as
    ``parse_expressions``, and for a call that is not one of quoted texts and nothing behind it."""
    call = _CALL.match(target)
    return parse_expressions(_arguments(target, call.end())) if call else None


def tags_of(path: str) -> dict[str, str]:
    """The tags of a canonical path, its name among them."""
    name, *tags = path.split(";")
    return {NAME: name, **dict(tag.split("=", 1) for tag in tags)}


def canonical(text: str) -> str:
    """The canonical path for what a client calls a series: ``name;tag=value`` or OpenMetrics' ``name{tag="value"}``. Raises
    InvalidPath, and QueryError for what OpenMetrics does not know."""
    if text.endswith('"}') and "{" in text:
        name, _, labels = text[:-1].partition("{")
        text = name + "".join(_labels(labels, text))
    return normalise(text.encode(errors="surrogatepass"))


def fits(path: str, expressions: Iterable[TagExpression]) -> bool:
    """Whether all ``expressions`` hold for a canonical path."""
    tags = tags_of(path)
    return all(expression.predicate()(tags.get(expression.tag, "")) for expression in expressions)


def name_wanted(expressions: Iterable[TagExpression]) -> str | None:
    """The name that one of ``expressions`` asks for by ``name=``, if it is one that a path without tags can have."""
    for expression in expressions:
        if (expression.tag, expression.operator) == (NAME, "=") and _is_untagged_path(expression.value):
            return expression.value
    return None


def _is_untagged_path(text: str) -> bool:
    try:
        return ";" not in text and normalise(text.encode()) == text
    except (InvalidPath, UnicodeEncodeError):
        return False


def _labels(labels: str, text: str) -> Iterator[str]:
    """``;tag=value`` for each of ``tag="value",...``."""
    start = 0
    while start < len(labels):
        label = _LABEL.match(labels, start)
        if label is None:
            raise QueryError(f'the tags of {text[:200]!r} cannot be read; want name{{tag="value"}} or name;tag=value')
        value = _ESCAPED.sub(r"\1", label[2])
        yield f";{label[1]}={value}"
        start = label.end()


def _arguments(target: str, start: int) -> list[str]:
    """The texts between quotes from ``start`` on, as they are: a backslash is the regex's."""
    found, end = [], ","
    while end == ",":
        argument = _ARGUMENT.match(target, start)
        if argument is None:
            raise _unreadable(target, start)
        found.append(argument[1] if argument[1] is not None else argument[2])
        start, end = argument.end(), argument[3]
    if target[start:].strip():
        raise _unreadable(target, start)
    return found


def _unreadable(target: str, start: int) -> QueryError:
    return QueryError(
        f"target {target[:200]!r} cannot be read at character {start + 1}; want seriesByTag('tag=value', ...) and nothing else"
    )
