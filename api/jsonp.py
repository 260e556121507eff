"""JSON as a script that calls a function, for pages that may not read other hosts' answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..schema.errors import QueryError
from .encode import Piece

MIMETYPE = "text/javascript"

_FUNCTION = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*", re.ASCII)


def call(function: str, json: Sequence[Piece]) -> list[Piece]:
    """``function(json)``. Raises QueryError for a name that would be more than a call."""
    if not _FUNCTION.fullmatch(function):
        raise QueryError(f"jsonp={function[:200]} is not the name of a function")
    return [f"{function}(".encode(), *json, b")"]
