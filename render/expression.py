"""What a target is once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Scalar: TypeAlias = "str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Path:
    """A pattern of paths, or a whole ``seriesByTag(...)`` as it was written."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands for itself."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments. ``a|f(b)`` is the same as ``f(a,b)``."""

    name: str
    args: tuple[Expression, ...]
    kwargs: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """``body``, in whose paths ``$name`` stands for a value; the request may give other ``values``."""

    body: Expression
    values: Mapping[str, str | int | float] = field(hash=False)


Expression: TypeAlias = "Path | Literal | Call | Template"
