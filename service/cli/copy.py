"""``cadent copy``."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path

from ...schema.errors import ConfigError
from ...stores.cassandra.settings import SCHEME
from ..config.file import read_config
from ..config.settings import Config, SettingName
from ..folder.served import last_config, path_in
from ..processes import requirements


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "copy",
        help="copy all points into a data folder",
        description="Copy all paths and points of a data folder or keyspace into a data folder on which no service runs. The "
        "same points there are replaced, others stay. A copy that was cut short goes on where it was when it is started again.",
    )
    parser.add_argument("--from", required=True, metavar="SRC", help="a data folder, or cassandra://HOST/KEYSPACE")
    parser.add_argument("--to", required=True, metavar="DIR", help="a data folder, which is made if it is missing")
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file of DIR's service, also with logins of a keyspace")
    parser.add_argument("--again", action="store_true", help="begin anew, whatever of a copy was done")
    parser.set_defaults(run=_copy)


def _copy(options: argparse.Namespace) -> int:
    requirements.check()
    from ..copying.copied import Copied  # noqa: PLC0415 - needs compiled modules
    from ..copying.copy import Copy  # noqa: PLC0415 - needs compiled modules
    from ..copying.opening import open_stock  # noqa: PLC0415 - needs compiled modules
    from ..copying.progress import Progress  # noqa: PLC0415 - needs compiled modules
    from ..copying.target import Target  # noqa: PLC0415 - needs compiled modules

    place = getattr(options, "from")
    config = _config(options, place)
    source = open_stock(place, options.config)
    with contextlib.closing(Target(config)) as target:
        copied = Copied(target.folder, place, again=options.again)
        copy = Copy(source, target, copied, time.time())
        progress = Progress(copy.cells, sys.stderr, time.monotonic)
        copy.run(progress.advance)
        progress.end()
    print(f"{copy.paths:,} paths are in {options.to}; {copy.written:,} points were written")
    return 0


def _config(options: argparse.Namespace, place: str) -> Config:
    """Of the data folder that is copied into: what its service had, or will have; else that of the source."""
    if options.to.startswith(SCHEME):
        raise ConfigError(
            f"{options.to} has no log to copy into: name a data folder with --to, and the keyspace as [store] chunks in --config"
        )
    folder = Path(options.to).resolve()
    if options.config:
        config = read_config(options.config, {})
    elif path_in(folder).exists() or place.startswith(SCHEME):
        config = last_config(folder)
    else:
        config = last_config(Path(place))
    return config.replace({SettingName("store", "data"): folder})
