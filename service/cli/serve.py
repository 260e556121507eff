"""``cadent serve`` and ``cadent config``."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from pathlib import Path

from ... import __version__
from ..config.file import read_config, to_toml
from ..config.settings import Config, SettingName
from ..processes.supervisor import serve
from . import output

_FLAGS = {
    "--data": (SettingName("store", "data"), "DIR", "folder of all data"),
    "--graphite": (SettingName("graphite", "listen"), "HOST:PORT", "TCP address for Graphite lines"),
    "--http": (SettingName("http", "listen"), "HOST:PORT", "address of the HTTP API"),
    "--store": (SettingName("store", "chunks"), "URL", "where chunks are kept: files, or cassandra://HOST/KEYSPACE"),
    "--writer": (SettingName("store", "writer"), "GROUP/REPLICA", "name among those that write to the same keyspace"),
    "--ladder": (SettingName("store", "ladder"), "LADDER", "resolutions from fine to coarse, step:ttl"),
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands; they share their flags."""
    for name, run, help_text in (
        ("serve", _serve, "take lines, keep them, answer queries"),
        ("config", _config, "print the effective configuration as TOML"),
    ):
        parser = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
        _add_flags(parser)
        parser.set_defaults(run=run)


def _add_flags(parser: argparse.ArgumentParser) -> None:
    defaults = Config()
    for flag, (name, metavar, help_text) in _FLAGS.items():
        default = getattr(getattr(defaults, name.section), name.key)
        # The default is in the help only: a flag that is not given must not win over the file.
        parser.add_argument(flag, metavar=metavar, help=f"{help_text} (default {default})")
    parser.add_argument("--read-only", action="store_true", help="only answer queries, from what others write to --store")
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file with more settings (default: none)")


def _read(options: argparse.Namespace) -> Config:
    given = {name: (flag, getattr(options, flag.removeprefix("--"))) for flag, (name, _, _) in _FLAGS.items()}
    config = read_config(options.config, {name: (flag, text) for name, (flag, text) in given.items() if text is not None})
    return config.replace({SettingName("service", "read_only"): True}) if options.read_only else config


def _config(options: argparse.Namespace) -> int:
    print(to_toml(_read(options)), end="")
    return 0


def _serve(options: argparse.Namespace) -> int:
    return serve(_read(options), _announce)


def _announce(config: Config) -> None:
    """Print where things are. The service runs on if nobody reads it."""
    try:
        print(_announcement(config), flush=True)
    except BrokenPipeError:
        output.abandon()


def _announcement(config: Config) -> str:
    """Where things are and what to try next."""
    http, store = config.http.listen, config.store
    lines = [f"cadent {__version__} is ready.", ""]
    if not config.service.read_only:
        lines.append(f"  lines   {config.graphite.listen}  (Graphite plaintext over TCP)")
    lines.append(f"  http    http://{http}  (Graphite's API; {config.http.base_path} for the finder)")
    lines.append(f"  data    {store.data}  ({store.ladder})")
    if config.uses_cassandra:
        lines.append(f"  chunks  {store.chunks}")
    return "\n".join([*lines, "", "Try, in another terminal:", *_suggestions(config)]) + "\n"


def _suggestions(config: Config) -> list[str]:
    graphite, http = config.graphite.listen, config.http.listen
    if config.service.read_only:
        return [f"  curl 'http://{http}/metrics/find?query=*'"]
    return [
        f'  echo "test.first 42 $(date +%s)" | nc -q0 {graphite.host} {graphite.port}',
        f"  curl 'http://{http}/render?target=test.*&from=-5min&format=json'",
        f"  {_command()} fetch 'cadent.*.lines.received' --from -10min{_data_flag(config.store.data)}",
    ]


def _command() -> str:
    """How to run this program again, from any folder if it is on PATH."""
    if shutil.which("cadent"):
        return "cadent"
    if Path(sys.argv[0]).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m cadent"
    return shlex.quote(sys.argv[0])


def _data_flag(data: Path) -> str:
    """What a command in the same folder needs to find the service."""
    return "" if data == Path("cadent-data").resolve() else f" --data {shlex.quote(str(data))}"
