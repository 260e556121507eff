"""A function of Graphite: what it is called and takes, and when coarser points may stand below it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .parameters import Param
from .time_series import TimeSeries

if TYPE_CHECKING:
    from .context import Context

Result: TypeAlias = "list[TimeSeries]"

# For each consolidation of the result, the one of the arguments that gives the same: f(consolidated) = consolidated f.
Commutes: TypeAlias = "Mapping[str, str]"

NEVER: Final[Commutes] = {}
ALWAYS: Final[Commutes] = {name: name for name in ("average", "sum", "max", "min")}
LINEAR: Final[Commutes] = {name: name for name in ("average", "sum")}
MONOTONE: Final[Commutes] = {name: name for name in ("max", "min")}
SHIFTED: Final[Commutes] = {name: name for name in ("average", "max", "min")}
MAXIMUM: Final[Commutes] = {"max": "max"}
MINIMUM: Final[Commutes] = {"min": "min"}

# What a call says by name of parameter, as far as it says it with literals; defaults are in it.
Given: TypeAlias = "Mapping[str, Any]"

# The windows (after, until) for which the first argument is wanted, given the step that it has; none that are not known.
Windows: TypeAlias = "Callable[[Context, Given, int | None], Sequence[tuple[int, int]]]"


@dataclass(frozen=True, slots=True)
class Function:
    """``run`` takes the context and one value a parameter.

    ``windows``: it evaluates its first argument itself, which is handed over as Lazy, for these windows.
    ``keeps_step``: its result has the step of its first argument. ``commutes``: may depend on the other arguments.
    ``resets``: how its arguments are to be consolidated says nothing about its result. ``consolidates``: the parameter that says
    how the result is to be consolidated.
    """

    names: tuple[str, ...]
    group: str
    params: tuple[Param, ...]
    run: Callable[..., Result]
    windows: Windows | None = None
    keeps_step: bool = True
    commutes: Commutes | Callable[[Given], Commutes] = field(default_factory=lambda: NEVER)
    resets: bool = False
    consolidates: str | None = None

    @property
    def description(self) -> str:
        return inspect.getdoc(self.run) or ""

    def commuting(self, given: Given) -> Commutes:
        """For a call that says this."""
        return self.commutes(given) if callable(self.commutes) else self.commutes

    def signature(self, name: str) -> str:
        """``scale(seriesList, factor)``."""
        return f"{name}({', '.join(map(_parameter, self.params))})"


def function(*names: str, group: str, params: Sequence[Param], **more: Any) -> Callable[[Callable[..., Result]], Function]:
    """Makes a Function of what it decorates; its docstring is the description that users read."""

    def decorate(run: Callable[..., Result]) -> Function:
        return Function(names, group, tuple(params), run, **more)

    return decorate


def _parameter(param: Param) -> str:
    if param.multiple:
        return f"*{param.name}"
    return param.name if param.needed else f"{param.name}={param.default!r}"
