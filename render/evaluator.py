"""From targets to series."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..schema.errors import QueryError
from .context import Context, Lazy
from .expression import Call, Expression, Literal, Path
from .function import Function
from .grammar import parse
from .holding import Holding
from .parameters import Kind, bind
from .source import Read, Source
from .templates import resolve
from .time_series import TimeSeries

_TOO_DEEP = "the target calls functions within functions too deeply"


class Evaluator:
    """Evaluates the targets of one request. All that they read is asked of ``source`` beforehand, once a window. One thread."""

    def __init__(self, source: Source, functions: Mapping[str, Function]) -> None:
        self._source = source
        self._functions = functions
        self._fetched: dict[Read, list[TimeSeries]] = {}
        self._steps: dict[tuple[Expression, int, int], int | None] = {}
        self._share: float | None = None
        self._holding = Holding()

    def evaluate(self, targets: Iterable[str], context: Context) -> list[TimeSeries]:
        """The series of all ``targets``, in their order. Raises QueryError, LimitExceeded, Unavailable."""
        expressions = [resolve(parse(target), context.template) for target in targets if target.strip()]
        try:
            self._fetch(read for expression in expressions for read in self._reads(expression, context))
            return [one for expression in expressions for one in self._target(expression, context)]
        except RecursionError:
            raise QueryError(_TOO_DEEP) from None

    def targets(self, texts: Sequence[str], context: Context) -> list[list[TimeSeries]]:
        """The series of each of some more targets, which a function has put together."""
        expressions = [resolve(parse(text), context.template) for text in texts]
        self._fetch(read for expression in expressions for read in self._reads(expression, context))
        return [self.series(expression, context) for expression in expressions]

    def series(self, expression: Expression, context: Context) -> list[TimeSeries]:
        """Those that ``expression`` stands for. QueryError if it stands for something else."""
        value = self._value(expression, context)
        if not isinstance(value, list) or not all(isinstance(one, TimeSeries) for one in value):
            what = "a list of something else" if isinstance(value, list) else repr(value)[:200]
            raise QueryError(f"the target is no list of series, but {what}")
        return value

    def call(self, name: str, context: Context, args: Sequence[Any]) -> list[TimeSeries]:
        """What the function ``name`` makes of ``args``. QueryError for one that evaluates its first argument itself."""
        function = self._function(name)
        if function.windows:
            raise QueryError(f"{name} cannot be applied to series that are read already: it reads other times, too")
        return function.run(context, *bind(name, function.params, args, {}))

    def step(self, expression: Expression, context: Context) -> int | None:
        """The step that its series will all have, if there are any and it can be told before they are read."""
        asked = (expression, context.after, context.until)
        if asked not in self._steps:
            self._steps[asked] = self._step(expression, context)
        return self._steps[asked]

    def ask(self, share: float) -> None:
        """From now on functions in the same target want ``share`` instead of what the request asked for as xFilesFactor."""
        self._share = share

    def has(self, name: str) -> bool:
        """Whether there is a function of this name."""
        return name in self._functions

    def check(self) -> None:
        """LimitExceeded when the request has taken too long."""
        self._source.check()

    def event_times(self, tags: Sequence[str], context: Context) -> Any:
        """As Source has it, in the window of ``context``."""
        return self._source.event_times(tags, context.after, context.until)

    def _target(self, expression: Expression, context: Context) -> list[TimeSeries]:
        self._share = None
        return self.series(expression, context)

    def _value(self, expression: Expression, context: Context) -> Any:
        value = self._evaluated(expression, context)
        self._holding.add(value)
        return value

    def _evaluated(self, expression: Expression, context: Context) -> Any:
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Path):
            return self._read(_read(expression, context))
        if isinstance(expression, Call):
            return self._called(expression, context)
        raise QueryError("template() stands where none can be")

    def _called(self, call: Call, context: Context) -> Any:
        self.check()
        function = self._function(call.name)
        inner = self._below(context, function, call)
        with self._holding.for_now():
            args = [self._argument(function, at, one, inner) for at, one in enumerate(call.args)]
            kwargs = {name: self._value(one, inner) for name, one in call.kwargs}
            if function.windows and not args:
                raise QueryError(f"{call.name} lacks its first argument, which cannot be given by name")
            if self._share is not None:
                context = replace(context, x_files_factor=self._share)
            return function.run(context, *bind(call.name, function.params, args, kwargs))

    def _argument(self, function: Function, at: int, expression: Expression, inner: Context) -> Any:
        return Lazy(expression, inner) if function.windows and at == 0 else self._value(expression, inner)

    def _function(self, name: str) -> Function:
        if name in self._functions:
            return self._functions[name]
        near = difflib.get_close_matches(name, self._functions, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise QueryError(f"the function {name[:200]} is not known{hint}")

    def _reads(self, expression: Expression, context: Context) -> Iterator[Read]:
        """All that evaluating ``expression`` will read, as far as it can be told before."""
        if isinstance(expression, Path):
            yield _read(expression, context)
        if not isinstance(expression, Call):
            return
        function = self._function(expression.name)
        inner = self._below(context, function, expression)
        args = [*expression.args, *(value for _, value in expression.kwargs)]
        self.check()
        if function.windows and args:
            first = args.pop(0)
            step_s = self.step(first, inner)
            for after, until in function.windows(context, _given(function, expression), step_s):
                yield from self._reads(first, inner.within(after, until))
        for one in args:
            yield from self._reads(one, inner)

    def _below(self, context: Context, function: Function, call: Call) -> Context:
        """The context of the arguments of ``call``."""
        if context.coarse is None:
            return context
        # What is consolidated in a way of its own and then combined would be so at a coarser step than Graphite does it.
        mixed = function.resets and any(map(self._consolidates, call.args))
        return replace(context, coarse=None if mixed else context.coarse.below(function, _given(function, call)))

    def _consolidates(self, expression: Expression) -> bool:
        """Whether any call in it says how series are to be consolidated."""
        if not isinstance(expression, Call):
            return False
        return bool(self._function(expression.name).consolidates) or any(map(self._consolidates, expression.args))

    def _step(self, expression: Expression, context: Context) -> int | None:
        if context.coarse is not None or not self._keeps_step(expression):
            return None
        reads = self._reads(expression, context)
        steps = self._source.steps([read.pattern for read in reads], context.after, context.until)
        return steps.pop() if len(steps) == 1 else None

    def _keeps_step(self, expression: Expression) -> bool:
        """Whether all of it has the step of the paths in it, which are read for one window."""
        if not isinstance(expression, Call):
            return True
        function = self._function(expression.name)
        return function.keeps_step and not function.windows and all(map(self._keeps_step, expression.args))

    def _fetch(self, reads: Iterable[Read]) -> None:
        """One request of the source for each window."""
        windows: dict[tuple[int, int], list[Read]] = {}
        for read in dict.fromkeys(reads):
            if read not in self._fetched:
                windows.setdefault((read.after, read.until), []).append(read)
        for wanted in windows.values():
            self._fetched.update(self._source.fetch(wanted))

    def _read(self, read: Read) -> list[TimeSeries]:
        self._fetch([read])
        return list(self._fetched[read])


def _read(path: Path, context: Context) -> Read:
    return Read(path.pattern, context.after, context.until, context.coarse)


def _given(function: Function, call: Call) -> dict[str, Any]:
    """By name of parameter what the call says with literals of the right kind."""
    said = dict(zip((param.name for param in function.params), call.args, strict=False)) | dict(call.kwargs)
    return {param.name: _said(param, said.get(param.name), call.name) for param in function.params}


def _said(param: Any, expression: Expression | None, function: str) -> Any:
    if not isinstance(expression, Literal) or param.kind in (Kind.SERIES, Kind.SERIES_LISTS):
        return param.default
    return param.take(expression.value, function)
