"""Paths for points that are put into a folder without a service."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from cadent.index.names import NamesLog
from cadent.schema.protocols import NewNames
from cadent.schema.resolution import DAY_S


def give_names(data: Path, paths: Sequence[str], now: int) -> None:
    """Makes the data folder ``data``, in which paths[i] has the id i and was seen on the day of ``now``, unix seconds."""
    data.mkdir()
    log = NamesLog.open(data)
    encoded = [path.encode() for path in paths]
    log.append(
        NewNames("default", now // DAY_S, np.arange(len(paths), dtype=np.uint32), list(map(len, encoded)), b"".join(encoded))
    )
    log.sync()
    log.close()
