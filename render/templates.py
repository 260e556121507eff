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
    return _resolved(expression, values, None)


def _resolved(expression: Expression, asked: Values, here: Values | None) -> Expression:
    """``here``: those that hold at this place; None outside of templates."""
    if isinstance(expression, Template):
        return _resolved(expression.body, asked, {**expression.values, **asked})
    if isinstance(expression, Call):
        args = tuple(_resolved(one, asked, here) for one in expression.args)
        return Call(expression.name, args, tuple((name, _resolved(one, asked, here)) for name, one in expression.kwargs))
    if isinstance(expression, Path) and here is not None:
        return _filled_path(expression.pattern, here)
    return expression


def _filled_path(pattern: str, values: Values) -> Expression:
    """A path that is nothing but ``$name`` is the value itself."""
    for name, value in values.items():
        if pattern == f"${name}":
            numeric = isinstance(value, str) and _NUMBER.fullmatch(value)
            return Literal(float(value) if numeric else value)
        pattern = pattern.replace(f"${name}", str(value))
    return Path(pattern)
