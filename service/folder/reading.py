"""What it takes to read a data folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...index.path_index import TrieIndex
from ...query import limits
from ...query.origin import Origin, Origins
from ...query.reader import Reader
from ...schema.head import Head
from ...schema.identity import Level
from ...schema.policy import Policies
from ...schema.protocols import PathIndex
from ...stores import layout
from ...stores.files.store import FilesStore
from ...stores.log.reader import LogReader
from ..config.settings import Config


def levels(policies: Policies) -> Iterator[Level]:
    """Every step of every policy."""
    return (Level(policy.name, resolution.step_s) for policy in policies for resolution in policy.ladder)


def log_readers(folder: Path, policies: Policies) -> dict[Level, LogReader]:
    """The log of every level, whether there is one yet or not, and those that former ladders left."""
    return {level: LogReader(folder, level) for level in (*levels(policies), *layout.levels(folder))}


def open_folder(config: Config, head: Head) -> tuple[Reader, TrieIndex]:
    """A reader of the configured data folder, and its index, which follows the names log from now on."""
    index = TrieIndex(config.store.data)
    index.start()
    folder = config.store.data
    origin = Origin(config.store.writer, FilesStore(folder), log_readers(folder, config.policies), head)
    return reader_of(config, lambda: (origin,), index), index


def reader_of(config: Config, origins: Origins, index: PathIndex) -> Reader:
    """Answers from ``origins`` as the configuration has it."""
    query, threads = config.query, os.cpu_count() or 1
    bounds = limits.Limits(query.max_series, query.max_points, query.max_nodes, query.timeout_s)
    return Reader(origins, index, config.policies, bounds, query.interpolate, threads, query.partial_answers)
