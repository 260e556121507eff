"""What a function takes: its parameters, and the arguments of a call brought into their order."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..schema.errors import QueryError
from ..schema.times import parse_offset
from . import aggregation
from .context import Lazy
from .time_series import TimeSeries

# Of nodes, tags and the like; of lists of series there may be as many as a target holds.
_MOST_ARGUMENTS: Final = 1_000


class Kind(str, enum.Enum):
    """What an argument can be; the values are Graphite's words for them."""

    AGGREGATION = "aggFunc"
    AGGREGATION_OR_FUNCTION = "aggOrSeriesFunc"
    ANY = "any"
    BOOLEAN = "boolean"
    DATE = "date"
    FLOAT = "float"
    INT_OR_INF = "intOrInf"
    INT_OR_INTERVAL = "intOrInterval"
    INTEGER = "integer"
    INTERVAL = "interval"
    NODE = "node"
    NODE_OR_TAG = "nodeOrTag"
    SERIES = "seriesList"
    SERIES_LISTS = "seriesLists"
    STRING = "string"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. ``multiple``, of the last one alone: any number of arguments. ``options``: nothing else will do.

    ``takes``, for where graphite-web takes more than it lists: what makes a value of an argument, whatever ``kind`` and
    ``options`` say; ValueError or TypeError for one that will not do. ``listed_default``: what the list of functions shows where
    the function itself tells an argument that is missing (``default``) from one that says the same.
    """

    name: str
    kind: Kind
    required: bool = False
    default: Any = None
    multiple: bool = False
    options: tuple[Any, ...] = ()
    suggestions: tuple[Any, ...] = ()
    takes: Callable[[Any], Any] | None = None
    listed_default: Any = None

    @property
    def needed(self) -> bool:
        """Some that are listed as required have a default all the same."""
        return self.required and self.default is None

    def take(self, value: Any, function: str) -> Any:
        """``value`` as this parameter wants it. Raises QueryError with function, parameter and value."""
        if value is None and not self.needed:
            return self.default
        if self.options and not self.takes and value not in self.options:
            wanted = "one of " + ", ".join(map(str, self.options))
            raise QueryError(f"{function}: {self.name}={_shown(value)} is not known; want {wanted}")
        try:
            return (self.takes or _CONVERTERS[self.kind])(value)
        except (TypeError, ValueError, OverflowError, QueryError):
            raise QueryError(f"{function}: {self.name}={_shown(value)} is not {_WANTED[self.kind]}") from None


def bind(function: str, params: Sequence[Param], args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """One value for each of ``params``, and for one that is ``multiple`` as many as there are. Raises QueryError."""
    most = _most(params)
    if len(args) > most:
        raise QueryError(f"{function} takes at most {most} arguments, got {len(args)}")
    bound = [params[min(at, len(params) - 1)].take(value, function) for at, value in enumerate(args)]
    rest = {param.name: param for param in params[len(args) :]}
    unknown = [name for name in kwargs if name not in rest]
    if unknown:
        raise QueryError(f"{function} has no argument {unknown[0]}, or it was given twice")
    for name, param in rest.items():
        if name not in kwargs and param.needed:
            raise QueryError(f"{function} lacks its argument {name}")
        if not param.multiple or name in kwargs:
            bound.append(param.take(kwargs.get(name), function))
    return bound


def _most(params: Sequence[Param]) -> float:
    """How many arguments there may be."""
    if not params or not params[-1].multiple:
        return len(params)
    return math.inf if params[-1].kind in (Kind.SERIES, Kind.SERIES_LISTS) else _MOST_ARGUMENTS


def _shown(value: Any) -> str:
    if isinstance(value, list | Lazy):
        return "a list of series"
    return repr(value)[:200]


def _boolean(value: Any) -> bool:
    words = {"true": True, "false": False, 0: False, 1: True}
    if isinstance(value, str):
        value = value.lower()
    if value not in words:
        raise ValueError(value)
    return words[value]


def _integer(value: Any) -> int:
    """A fraction is refused: to cut it off would answer another question than was asked."""
    if isinstance(value, float):
        raise TypeError(value)
    return int(value)


def _integer_or_infinity(value: Any) -> float:
    return math.inf if value == math.inf else _integer(value)


def _interval(value: Any) -> str:
    parse_offset(value)
    return str(value)


def _integer_or_interval(value: Any) -> int | str:
    if isinstance(value, str) and not value.isdigit():
        return _interval(value)
    return int(value)


def _aggregation(value: Any) -> str:
    name = _string(value)
    aggregation.canonical(name)
    return name


def _string(value: Any) -> str:
    if isinstance(value, list):
        raise TypeError(value)
    return str(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, list):
        raise TypeError(value)
    return value


def _series(value: Any) -> Any:
    if isinstance(value, Lazy):
        return value
    if not isinstance(value, list) or not all(isinstance(one, TimeSeries) for one in value):
        raise TypeError(value)
    return value


def _series_lists(value: Any) -> Any:
    return [_series(one) for one in value]


_CONVERTERS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.AGGREGATION: _aggregation,
    Kind.AGGREGATION_OR_FUNCTION: _string,
    Kind.ANY: lambda value: value,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _string,
    Kind.FLOAT: float,
    Kind.INT_OR_INF: _integer_or_infinity,
    Kind.INT_OR_INTERVAL: _integer_or_interval,
    Kind.INTEGER: _integer,
    Kind.INTERVAL: _interval,
    Kind.NODE: _integer,
    Kind.NODE_OR_TAG: _scalar,
    Kind.SERIES: _series,
    Kind.SERIES_LISTS: _series_lists,
    Kind.STRING: _string,
    Kind.TAG: _string,
}

_WANTED: Final[Mapping[Kind, str]] = {
    Kind.AGGREGATION: "an aggregation",
    Kind.AGGREGATION_OR_FUNCTION: "an aggregation or a function",
    Kind.ANY: "anything",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a time",
    Kind.FLOAT: "a number",
    Kind.INT_OR_INF: "a whole number or inf",
    Kind.INT_OR_INTERVAL: "a whole number or an interval such as '5min'",
    Kind.INTEGER: "a whole number",
    Kind.INTERVAL: "an interval such as '1h' or '5min'",
    Kind.NODE: "a whole number",
    Kind.NODE_OR_TAG: "the number of a node or a tag",
    Kind.SERIES: "a list of series",
    Kind.SERIES_LISTS: "a list of lists of series",
    Kind.STRING: "a text",
    Kind.TAG: "a tag",
}
