"""The language of targets."""

from __future__ import annotations

import re
import threading
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ..schema.errors import InvalidTarget, QueryError
from .expression import Call, Expression, Literal, Path, Template

if TYPE_CHECKING:
    from pyparsing import ParserElement, ParseResults

# A dashboard's longest targets, which list hundreds of names in braces, have some kilobytes.
_MAX_CHARACTERS: Final = 256 * 1024
# Each level costs the parser some twenty frames of Python's stack, which ends at a thousand; a pipe costs the evaluator five.
_MAX_NESTING: Final = 32
_MAX_PIPES: Final = 64
# Python refuses to read thousands; what has more than this is a float.
_MAX_DIGITS: Final = 300
_SHOWN_CHARACTERS: Final = 60
_CACHED_TARGETS: Final = 4_096
# At the first parse pyparsing finds out by trial how many arguments an action takes, and two threads confuse it.
_ONE_AT_A_TIME: Final = threading.Lock()

_QUOTED: Final = r'"(?:[^"\\]|""|\\.)*"|' + r"'(?:[^'\\]|''|\\.)*'"
_BEFORE_END: Final = r"(?=\s*(?:[,)]|\Z))"
_ELEMENT: Final = r"""(?:[^\s(){},.'"\\|]|\\.)"""
_BRACES: Final = r"\{(?:[^\s(){}'\"|]|\{[^\s(){}'\"|]*\})*\}"
_PATH: Final = rf"(?:{_ELEMENT}|{_BRACES})+(?:\.(?:{_ELEMENT}|{_BRACES})+)*"
# What most targets are, read a hundred times faster than by the grammar, which is not even loaded for them.
_PLAIN_PATH: Final = re.compile(r"[\w*?-]+(?:\.[\w*?-]+)*")
_TURNS: Final = re.compile(rf"{_QUOTED}|[()|]")
_WORDS: Final = {"true": True, "false": False, "none": None, "inf": float("inf")}


class _Keyword(NamedTuple):
    """An argument that was given by name."""

    name: str
    value: Expression


def parse(target: str) -> Expression:
    """Raises QueryError that shows the place where ``target`` stops making sense."""
    if len(target) > _MAX_CHARACTERS:
        raise QueryError(f"a target has at most {_MAX_CHARACTERS} characters, this one has {len(target)}: {target[:200]!r}")
    return _parse(target)


def parse_beginning(name: str) -> Expression:
    """What stands at the beginning of ``name``, whatever follows it. Raises QueryError if nothing can be read there."""
    return _read(name, to_its_end=False)


@lru_cache(_CACHED_TARGETS)
def _parse(target: str) -> Expression:
    return Path(target) if _PLAIN_PATH.fullmatch(target) else _read(target, to_its_end=True)


def _read(target: str, *, to_its_end: bool) -> Expression:
    from pyparsing import ParseBaseException  # noqa: PLC0415 -- as in _grammar

    _check_nesting(target)
    try:
        with _ONE_AT_A_TIME:
            parsed: Expression = _grammar().parse_string(target, parse_all=to_its_end)[0]
    except ParseBaseException as error:
        raise InvalidTarget(f"the target cannot be read here:\n{_place(target, error.loc)}") from None
    return parsed


def _check_nesting(target: str) -> None:
    depth = pipes = 0
    for found in _TURNS.finditer(target):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        pipes += found[0] == "|"
        if depth > _MAX_NESTING or pipes > _MAX_PIPES:
            limits = f"{_MAX_NESTING} levels deep and {_MAX_PIPES} pipes long"
            raise InvalidTarget(f"a target is at most {limits}; this one goes on here:\n{_place(target, found.start())}")


def _place(target: str, at: int) -> str:
    """The part of the target around character ``at``, and a caret below that."""
    first = max(0, at - _SHOWN_CHARACTERS)
    line = re.sub(r"\s", " ", target[first : at + _SHOWN_CHARACTERS])
    return f"{line}\n{' ' * (at - first)}^"


@cache
def _grammar() -> ParserElement:
    """Made at the first target: a process that draws nothing does not wait for it."""
    from pyparsing import DelimitedList, Forward, Opt, Regex, ZeroOrMore  # noqa: PLC0415 -- 20 ms of every start
    from pyparsing import Literal as Symbol  # noqa: PLC0415 -- the same

    expression = Forward()
    number = Regex(rf"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?{_BEFORE_END}").set_parse_action(_number)
    quoted = Regex(_QUOTED).set_parse_action(lambda found: Literal(found[0][1:-1]))
    word = Regex(rf"(?i:true|false|none|inf){_BEFORE_END}").set_parse_action(lambda found: Literal(_WORDS[found[0].lower()]))
    argument = number | quoted | word | expression
    keyword = (Regex(r"([A-Za-z_]\w*)\s*=", as_group_list=True) + argument).set_parse_action(_keyword)
    name = Regex(r"([A-Za-z_]\w*)\s*\(", as_group_list=True)
    end = Symbol(")").suppress()
    call = (name - Opt(DelimitedList(keyword | argument)) - end).set_parse_action(_call)
    tagged = Regex(rf"seriesByTag\s*\((?:[^()'\"]|{_QUOTED})*\)").set_parse_action(lambda found: Path(found[0]))
    path = Regex(_PATH).set_parse_action(lambda found: Path(re.sub(r"\\(.)", r"\1", found[0])))
    value = number | quoted
    named_value = (Regex(r"([A-Za-z_]\w*)\s*=", as_group_list=True) + value).set_parse_action(_keyword)
    values = ZeroOrMore(Symbol(",").suppress() - (named_value | value))
    template = (Regex(r"template\s*\(").suppress() - expression - values - end).set_parse_action(_template)
    pipe = Symbol("|").suppress() - call
    expression <<= ((template | tagged | call | path) + ZeroOrMore(pipe)).set_parse_action(_piped)
    return expression


def _number(found: ParseResults) -> Literal:
    text = found[0]
    whole = len(text) <= _MAX_DIGITS and re.fullmatch(r"-?\d+", text)
    return Literal(int(text) if whole else float(text))


def _keyword(found: ParseResults) -> _Keyword:
    (name,), value = found
    return _Keyword(name, value)


def _call(text: str, at: int, found: ParseResults) -> Call:
    (name,), *arguments = found
    args = tuple(one for one in arguments if not isinstance(one, _Keyword))
    keywords = tuple((one.name, one.value) for one in arguments[len(args) :] if isinstance(one, _Keyword))
    if len(args) + len(keywords) < len(arguments):
        raise InvalidTarget(f"{name}: an argument without a name stands after one with a name:\n{_place(text, at)}")
    return Call(name, args, keywords)


def _template(found: ParseResults) -> Template:
    """Its values by name; those without one are numbered from 1."""
    body, *values = found
    unnamed = [one for one in values if not isinstance(one, _Keyword)]
    named = {one.name: one.value for one in values if isinstance(one, _Keyword)}
    numbered = {str(at): one for at, one in enumerate(unnamed, 1)}
    return Template(body, {name: one.value for name, one in {**numbered, **named}.items()})


def _piped(found: ParseResults) -> Expression:
    piped: Expression = found[0]
    for call in found[1:]:
        piped = Call(call.name, (piped, *call.args), call.kwargs)
    return piped
