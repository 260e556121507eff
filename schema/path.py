"""A metric's dotted name, with its tags if it has any: validation and the canonical form."""

from __future__ import annotations

import re

from .errors import InvalidPath

MAX_PATH_BYTES = 1_024

# What a glob or the target grammar would read as syntax must not stand in a name.
_TO_UNDERSCORE = str.maketrans(dict.fromkeys("*?[]{}(),\\", "_"))
# Not str.isprintable(): that asks which characters this Python's Unicode tables know already.
_CONTROL_OR_SPACE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]")


def normalise(raw: bytes) -> str:
    """The canonical path for the bytes a client sent: ``a.b`` or ``a.b;k=v;l=w`` with sorted tags.

    Leading dots are cut and ``* ? [ ] { } ( ) ,`` and backslash become ``_``. Raises InvalidPath with reason
    ``path_encoding``, ``path_control``, ``path_empty``, ``path_segment``, ``path_tag`` or ``path_length``.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidPath("path_encoding", raw) from None
    if _CONTROL_OR_SPACE.search(text):
        raise InvalidPath("path_control", raw)
    name, *tags = text.lstrip(".").translate(_TO_UNDERSCORE).split(";")
    if tags:
        # A tagged series has its name as the value of the tag ``name``, and a tag's value does not begin with a tilde.
        name = name.lstrip("~")
    if not name:
        raise InvalidPath("path_empty", raw)
    if not all(name.split(".")):
        raise InvalidPath("path_segment", raw)
    path = name + "".join(_canonical_tags(tags, raw))
    if len(path.encode()) > MAX_PATH_BYTES:
        raise InvalidPath("path_length", raw)
    return path


def _canonical_tags(tags: list[str], raw: bytes) -> list[str]:
    """``;key=value`` as Graphite's ``TaggedSeries`` writes them: sorted as these texts (so ``;a-b=`` stands before ``;a=``),
    the last value of a key given twice, and no tag ``name``, which is the name itself."""
    values: dict[str, str] = {}
    for tag in tags:
        key, equals, value = tag.partition("=")
        if not equals or not key or not value or value.startswith("~") or set(key) & set("!^"):
            raise InvalidPath("path_tag", raw)
        values[key] = value
    values.pop("name", None)
    return sorted(f";{key}={value}" for key, value in values.items())


def last_segment(path: str) -> str:
    """The name a tree shows for ``path``."""
    return path.partition(";")[0].rpartition(".")[2]
