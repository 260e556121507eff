"""A data folder with known points, and the application over it: real log, index and reader, no process."""

import time
from collections.abc import Iterable
from pathlib import Path

from cadent.accumulate.accumulator import Accumulator
from cadent.accumulate.limits import Limits as LineLimits
from cadent.api.app import Settings, create_app
from cadent.api.backend import WriterState
from cadent.index.names import NamesLog
from cadent.index.path_index import TrieIndex
from cadent.query.limits import Limits
from cadent.query.origin import Origin
from cadent.query.reader import Reader
from cadent.schema.errors import WriterGone
from cadent.schema.head import NoHead
from cadent.schema.policy import Policies, Policy
from cadent.schema.resolution import Ladder
from cadent.service.control.changes import WriterChanges
from cadent.service.folder.reading import levels, log_readers
from cadent.stores.events import EventsFile
from cadent.stores.files.store import FilesStore
from cadent.stores.log.folder import LogFiles
from cadent.writers.days import SeenDays
from cadent.writers.engine import Engine
from cadent.writers.recovery import recover

POLICIES = Policies(
    (
        Policy("slow", Ladder.parse("1m:30d"), match=r"^slow\."),
        Policy("odd", Ladder.parse("40s:7d"), match=r"^odd\."),
        Policy("default", Ladder.parse("10s:7d,1m:30d,10m:2y")),
    )
)

# A Tuesday, 22:13:20 UTC, and on no window's edge; what was sent ends 200 s before.
NOW = 1_700_000_000
START, STOP = 1_699_999_200, 1_699_999_800
RANGE = {"from": START - 1, "to": STOP - 1}  # by whisper's edges the same
PATHS = ("fast.a.load", "fast.b.load", "fast.a.errors", "fast.both", "fast.both.below")


def value(path: str, at: int) -> float | None:
    """What was sent for the window at ``at``: every third one is a gap."""
    return None if at // 10 % 3 == 0 else (at - START) / 10 + len(path) / 4


def get(client, route, **parameters):
    """The JSON of an answer that is 200."""
    form = {"format": "json"} if route == "/render" else {}  # else it would be a picture
    answer = client.get(route, query_string={**form, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json


def grid(start=START, stop=STOP, step_s=10) -> range:
    return range(start, stop, step_s)


def pairs(path: str, times: Iterable[int]) -> list[list]:
    """What was sent, as answers write it."""
    return [[value(path, at), at] for at in times]


def sent() -> list[str]:
    lines = [f"{path} {value(path, at)!r} {at + 4}" for path in PATHS for at in range(START, STOP, 10) if value(path, at)]
    # Three samples in one window.
    lines += [f"fast.three {number} {START + offset}" for number, offset in ((1.5, 0), (4, 3), (2, 9))]
    lines += [f"slow.load {at - START} {at}" for at in range(START, STOP, 60)]
    lines += [f"odd.load {at - START} {at}" for at in range(START, STOP, 40)]
    lines += [
        f"fast.a.count;dc=x;host=y 1 {START}",
        f'fast.qu"ote 1 {START}',
        f"fast.many.p1 1 {START}",
        f"fast.many.p2 1 {START}",
    ]
    return lines


def write(folder: Path, lines: list[str]) -> None:
    """As the writer's process does it, in one go."""
    errors: list[BaseException] = []
    store = FilesStore(folder, write=True)
    names = NamesLog.open(folder)
    found = recover(LogFiles(folder, "main/1"), store, levels(POLICIES))
    engine = Engine(
        names, found.logs, store, SeenDays(), found.last_sequence, POLICIES, NOW, monotonic=time.monotonic, failed=errors.append
    )
    accumulator = Accumulator(POLICIES, LineLimits(), names.next_id, NOW)
    stream = accumulator.open()
    data = "".join(line + "\n" for line in lines).encode()
    while data:
        data = data[stream.feed(data) :]
    stream.close()
    assert accumulator.counters().refused == {}
    engine.start(NOW)
    engine.submit(accumulator.new_names(), accumulator.drain(), NOW)
    assert engine.close(10) == 0
    names.close()
    store.close()
    assert errors == []


class GoneHead:
    def head(self, policy, ids):
        raise WriterGone("nobody answers")


def writer_is_gone(*_):
    raise WriterGone("nobody answers")


class Application:
    """Many test clients, over one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = TrieIndex(folder)
        self._index.start()
        self.close = self._index.close

    def client(
        self,
        *,
        writer: WriterState | None = None,
        head=None,
        limits: Limits | None = None,
        now: float = NOW,
        monotonic=time.monotonic,
        call=writer_is_gone,
        remote: bool = False,
        **settings,
    ):
        """A client of the application with these settings; ``writer`` none unless said; ``call`` is what changes ask for.
        ``remote``: the folder is read as if a server gave it."""
        state = writer or WriterState("none")
        logs = log_readers(self.folder, POLICIES)
        origin = Origin("main/1", FilesStore(self.folder), logs, head or NoHead(), remote=remote)
        reader = Reader(lambda: (origin,), self._index, POLICIES, limits)
        changes = WriterChanges(self._index, call, 1_000)
        clocks = {"now": lambda: now, "monotonic": monotonic}
        app = create_app(reader, self._index, lambda: state, changes, EventsFile(self.folder), Settings(**settings), **clocks)
        return app.test_client()
