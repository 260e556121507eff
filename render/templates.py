"""Templates: what stands for ``$name`` in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from .expression import Call, Expression, Literal, Path, Template

Values: TypeAlias = "Mapping[str, str | int | float]"

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def resolve(expression: Expression, values: Values) -> Expression:
    """``expression`` without templates; ``values`` are the request's, which go before those of a template."""
    if isinstance(expression, Template):
        return _filled(expression.body, {**expression.values, **values})
    if isinstance(expression, Call):
        args = tuple(resolve(one, values) for one in expression.args)
        return Call(expression.name, args, tuple((name, resolve(one, values)) for name, one in expression.kwargs))
    return expression


def _filled(expression: Expression, values: Values) -> Expression:
    if isinstance(expression, Path):
        return _filled_path(expression.pattern, values)
    if isinstance(expression, Template):
        return _filled(expression.body, {**expression.values, **values})
    if isinstance(expression, Call):
        args = tuple(_filled(one, values) for one in expression.args)
        return Call(expression.name, args, tuple((name, _filled(one, values)) for name, one in expression.kwargs))
    return expression


def _filled_path(pattern: str, values: Values) -> Expression:
    """A path that is nothing but ``$name`` is the value itself."""
    for name, value in values.items():
        if pattern == f"${name}":
            numeric = isinstance(value, str) and _NUMBER.fullmatch(value)
            return Literal(float(value) if numeric else value)
        pattern = pattern.replace(f"${name}", str(value))
    return Path(pattern)
