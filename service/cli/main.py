"""The command ``cadent``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ... import __version__
from ...schema.errors import CadentError
from . import changes, check, copies, copy, output, policy, policy_import, query, schema, serve, stats, verify

_TWO_WORDS = ["policy", "import"]
_TIME_FLAGS = ("--from", "--until", "--to")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 with one sentence on stderr, 2 for a wrong usage."""
    options = _parser().parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
    try:
        status: int = options.run(options)
    except CadentError as error:
        print(f"cadent: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        output.abandon()  # the reader of a pipe has seen enough
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cadent", description="A Graphite-compatible metrics store and query backend.")
    parser.add_argument("--version", action="version", version=f"cadent {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    serve.add_to(commands)
    query.add_to(commands)
    stats.add_to(commands)
    changes.add_to(commands)
    copies.add_to(commands)
    copy.add_to(commands)
    check.add_to(commands)
    verify.add_to(commands)
    policy.add_to(commands)
    policy_import.add_to(commands)
    schema.add_to(commands)
    version = commands.add_parser("version", help="print the version")
    version.set_defaults(run=_version)
    return parser


def _version(_: argparse.Namespace) -> int:
    print(f"cadent {__version__}")
    return 0


def _joined(arguments: Sequence[str]) -> list[str]:
    """``--from -10min`` as ``--from=-10min``: argparse would take -10min for a flag. And ``policy import`` as one word:
    argparse has no commands of two."""
    joined: list[str] = []
    for argument in arguments:
        if [*joined, argument] == _TWO_WORDS:
            joined = [" ".join(_TWO_WORDS)]
        elif joined and joined[-1] in _TIME_FLAGS:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined
