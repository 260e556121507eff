"""The parameters of a request, wherever they stand."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import tzinfo

import orjson
from flask import Request

from ..query.fetch import FetchQuery
from ..schema.errors import ConfigError, QueryError
from ..schema.protocols import DayRange
from ..schema.resolution import DAY_S, parse_duration
from ..schema.statistic import Statistic
from ..schema.times import parse_time, zone

_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}

# What Graphite and people call them.
_STATISTICS = {"avg": "mean", "average": "mean", "total": "sum", "current": "last"}


class Params:
    """Query string, form and JSON body, merged in this order. Of a parameter given twice the last value counts."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    @classmethod
    def of(cls, request: Request) -> Params:
        values: dict[str, list[str]] = {}
        for name, value in _pairs(request):
            values.setdefault(name, []).append(value)
        return cls(values)

    def every(self, *names: str) -> tuple[str, ...]:
        """All values of these synonyms. QueryError if there is none but empty ones."""
        values = self.some(*names)
        if not values:
            raise QueryError(f"the parameter {names[0]} is missing")
        return values

    def some(self, *names: str) -> tuple[str, ...]:
        """All values of these synonyms but empty ones; there may be none."""
        return tuple(value for name in names for value in self._values.get(name, ()) if value)

    def text(self, *names: str, default: str = "") -> str:
        """The last value of the first of these synonyms that was given and is not empty."""
        return next((self._values[name][-1] for name in names if any(self._values.get(name, ()))), default)

    def has(self, name: str) -> bool:
        """Whether it was given, with or without a value."""
        return name in self._values

    def last(self) -> dict[str, str]:
        """The last value of each."""
        return {name: values[-1] for name, values in self._values.items()}

    def whole(self, *names: str, least: int) -> int | None:
        """A whole number from ``least`` up; None if it was not given."""
        text = self.text(*names)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) >= least):
            raise QueryError(f"{names[0]}={text[:200]} is not a whole number from {least} up")
        return int(text)

    def number(self, name: str, default: float) -> float:
        """A finite number."""
        text = self.text(name)
        try:
            value = float(text) if text else default
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise QueryError(f"{name}={text[:200]} is not a number")
        return value

    def without(self, names: Collection[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """All parameters but these, in an order that does not depend on that of the request."""
        return tuple(sorted((name, tuple(values)) for name, values in self._values.items() if name not in names))

    def inside(self, name: str) -> dict[str, str]:
        """Of all parameters ``name[key]`` the last value, by key."""
        start = f"{name}["
        return {key[len(start) : -1]: values[-1] for key, values in self._values.items() if key.startswith(start)}

    def flag(self, name: str) -> bool:
        text = self.text(name).lower()
        if text not in _FLAGS:
            raise QueryError(f"{name}={text[:200]} is neither 1 nor 0")
        return _FLAGS[text]

    def choice(self, name: str, *choices: str) -> str:
        """One of ``choices``, the first of them if it was not given."""
        text = self.text(name, default=choices[0])
        if text not in choices:
            raise QueryError(f"{name}={text[:200]} is not known here; want {' or '.join(choices)}")
        return text


def fetch_query(params: Params, now: float, timezone: tzinfo, *, align: bool, default_from: str = "-1h") -> FetchQuery:
    """The query that ``params`` ask. Raises QueryError."""
    targets = params.every("target", "path")
    after, until = _times(params, now, timezone, default_from)
    return FetchQuery(
        targets=targets,
        after=after,
        until=until,
        now=now,
        step_s=_step(params.text("step")),
        max_points=params.whole("max_points", "maxDataPoints", least=1),
        statistic=_statistic(params.text("agg")),
        interpolate=params.whole("interpolate", least=0),
        align=align,
    )


def day_range(params: Params, now: float, timezone: tzinfo) -> DayRange | None:
    """The days of ``from`` to ``until``, of which one may be missing; None if both are. Raises QueryError.

    A day more at both ends: a path is noted as seen once its window is on disk, which may be a day later."""
    after, until = (moment(params, now, timezone, *names) for names in (("from",), ("until", "to")))
    if after is None and until is None:
        return None
    if after is not None and until is not None and after > until:
        raise QueryError(f"from={params.text('from')[:200]} is not before until={params.text('until', 'to')[:200]}")
    first = 0 if after is None else after // DAY_S - 1
    return first, int(now if until is None else until) // DAY_S + 1


def moment(params: Params, now: float, timezone: tzinfo, *names: str) -> int | None:
    """Unix seconds; None if it was not given, for which Graphite's clients write -1 too."""
    text = params.text(*names)
    return None if text in ("", "-1") else parse_time(text, now, time_zone(params, timezone))


def time_zone(params: Params, timezone: tzinfo) -> tzinfo:
    """The one of ``tz``, else ``timezone``. Raises QueryError."""
    return zone(params.text("tz")) if params.text("tz") else timezone


def _times(params: Params, now: float, timezone: tzinfo, default_from: str) -> tuple[int, int]:
    """``from`` and ``to`` in unix seconds."""
    here = time_zone(params, timezone)
    after_text, until_text = params.text("from", default=default_from), params.text("to", "until", default="now")
    after, until = parse_time(after_text, now, here), parse_time(until_text, now, here)
    if after >= until:
        raise QueryError(f"from={after_text[:200]} is not before to={until_text[:200]}")
    return after, until


def _step(text: str) -> int | None:
    try:
        return parse_duration(text) if text else None
    except ConfigError as error:
        raise QueryError(f"step={text[:200]} cannot be read: {error}") from None


def _statistic(text: str) -> Statistic | None:
    if not text:
        return None
    try:
        return Statistic(_STATISTICS.get(text.lower(), text.lower()))
    except ValueError:
        raise QueryError(f"agg={text[:200]} is not a statistic; want {', '.join(Statistic)}") from None


def _pairs(request: Request) -> Iterator[tuple[str, str]]:
    yield from request.args.items(multi=True)
    yield from request.form.items(multi=True)
    if request.is_json and request.get_data():
        yield from _body_pairs(request)


def _body_pairs(request: Request) -> Iterator[tuple[str, str]]:
    body = _body(request)
    if not isinstance(body, dict):
        raise QueryError(f"the JSON body is not an object of parameters; got {request.get_data()[:200]!r}")
    for name, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict | list):
                raise QueryError(f"the parameter {name[:200]} of the JSON body is neither a text, a number nor a list of them")
            yield name, "" if one is None else str(one)


def _body(request: Request) -> object:
    """None if it cannot be read: also if it is nested without end, or holds half a character."""
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        return None
