"""What a function knows of its request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from ..schema.errors import QueryError
from ..schema.grid import Floats
from ..schema.times import EARLIEST, LATEST
from .expression import Expression
from .time_series import TimeSeries

if TYPE_CHECKING:
    from .coarse import Coarse
    from .evaluator import Evaluator


@dataclass(frozen=True, slots=True)
class Context:
    """Times are unix seconds. ``x_files_factor``: what the request asked for. ``template``: values for templates.

    ``coarse``: leave to read fewer slots than the store has, for what is evaluated now. ``stacks``: by name of a stack what the
    lines add up to that lie on it so far; it grows, for later targets lie on earlier ones.
    """

    after: int
    until: int
    now: int
    zone: tzinfo
    evaluator: Evaluator
    x_files_factor: float = 0.0
    coarse: Coarse | None = None
    template: Mapping[str, str] = field(default_factory=dict)
    stacks: dict[str, Floats] = field(default_factory=dict)

    def within(self, after: int, until: int) -> Context:
        """The same request for another window. QueryError if that is beyond all calendars."""
        if min(after, until) < EARLIEST or max(after, until) > LATEST:
            raise QueryError(f"the target reads from {after} to {until} in unix seconds, of which no calendar knows the dates")
        return replace(self, after=after, until=until)

    def target(self, text: str) -> list[TimeSeries]:
        """The series of a target that a function has put together. Raises QueryError."""
        return self.targets([text])[0]

    def targets(self, texts: Sequence[str]) -> list[list[TimeSeries]]:
        """The series of each of these targets, which are read at once."""
        return self.evaluator.targets(texts, self)

    def call(self, name: str, *args: Any) -> list[TimeSeries]:
        """Another function, by the name that a user gave. Raises QueryError if there is none."""
        return self.evaluator.call(name, self, args)

    def ask(self, share: float) -> None:
        """From now on functions in the same target want ``share`` as their ``x_files_factor``."""
        self.evaluator.ask(share)

    def check(self) -> None:
        """LimitExceeded when the request has taken too long: to be called for each series where one takes milliseconds."""
        self.evaluator.check()


@dataclass(frozen=True, slots=True)
class Lazy:
    """An argument that a function evaluates itself, for windows of its own."""

    expression: Expression
    context: Context

    def here(self) -> list[TimeSeries]:
        """In the window of the request."""
        return self.within(self.context.after, self.context.until)

    def step(self) -> int | None:
        """The step that its series all have in the window of the request, if there are any and that can be told unread."""
        return self.context.evaluator.step(self.expression, self.context)

    def within(self, after: int, until: int) -> list[TimeSeries]:
        """In another window."""
        return self.context.evaluator.series(self.expression, self.context.within(after, until))
