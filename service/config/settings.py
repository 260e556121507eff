"""Every setting, its default and what it trades. The sample file and docs/configuration.md are generated from here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

from ...schema.policy import Policies, Policy, StatisticRule
from ...schema.resolution import Ladder
from . import kinds
from .kinds import Address, Kind

_LADDER = Ladder.parse("10s:7d,1m:30d,10m:2y")
_GRAPHITE = Address("127.0.0.1", 2003)
_HTTP = Address("127.0.0.1", 8083)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where points are kept, at which resolutions, and how long a window stays open."""

    data: Annotated[Path, kinds.FOLDER, "Folder of all data. One service at a time writes to it."] = Path("cadent-data")
    chunks: Annotated[
        str,
        kinds.STORE,
        '"files": chunks are kept in the data folder. `cassandra://HOST[:PORT][,HOST[:PORT]]/KEYSPACE`: in Apache Cassandra, '
        "where services on other machines read them too; see docs/scaling.md.",
    ] = "files"
    writer: Annotated[
        str,
        kinds.WRITER,
        "Group and replica of this service among those that write to the same keyspace. Replicas of a group get the same lines, "
        "and a query shows the fuller point; what groups get adds up. It cannot be changed once there are points.",
    ] = "main/1"
    ladder: Annotated[
        Ladder,
        kinds.LADDER,
        "Steps and lifetimes. A finer step shows more and costs in proportion; a step must divide a day.",
    ] = _LADDER
    grace_s: Annotated[
        int | None,
        kinds.GRACE,
        'How long a window stays open after its end for stragglers; "step": as long as it is itself. '
        "Longer merges late samples in memory, shorter loses less with the process.",
    ] = None
    open_windows_bytes: Annotated[
        int,
        kinds.SIZE,
        "Bound of all open windows. More holds more of a backfill together before it goes to the log; less saves memory.",
    ] = 64 * 10**6
    max_metrics: Annotated[
        int,
        kinds.COUNT,
        "Most paths that are known. A line of a new path beyond it is refused (`path_limit`), so that a sender whose paths "
        "never repeat cannot fill the memory: a path takes about 200 bytes in the writer, and each API process has it too.",
    ] = 50_000_000
    queue_bytes: Annotated[
        int,
        kinds.SIZE,
        "Bound of closed windows that wait for the disk, should it be slow or full. Beyond it no lines are read: senders wait.",
    ] = 256 * 10**6
    log_bytes: Annotated[
        int,
        kinds.SIZE,
        "Bound of the log while its points cannot be sealed, because Cassandra is away or chunks cannot be written. Beyond it no "
        "lines are read: senders wait.",
    ] = 50 * 10**9


@dataclass(frozen=True, slots=True)
class CassandraSettings:
    """How Apache Cassandra is used, where `[store] chunks` names it."""

    username: Annotated[str, kinds.TEXT, "Empty: without authentication."] = ""
    password: Annotated[str, kinds.TEXT, "Of that user."] = ""
    datacenter: Annotated[
        str, kinds.TEXT, "The datacenter to talk to. Empty: that of the first host which answers. Others are never asked."
    ] = ""
    replication: Annotated[
        str,
        kinds.REPLICATION,
        'Of a keyspace that is created: "1" for one copy on a single node, or copies by datacenter, such as "dc1:3,dc2:3".',
    ] = "1"
    layout: Annotated[
        str,
        kinds.LAYOUT,
        '"chunks": points lie in compressed chunks. "rows": each is a row that CQL can read, and takes many times the space and '
        'time; see docs/rows.md. "seed": the keyspace is that of an old Cadent, to be read with `--read-only`; the '
        "ladder is the `times` that it had.",
    ] = "chunks"
    seed_metric_table: Annotated[str, kinds.TEXT, "The old Cadent's `metrics_table`."] = "metric"
    seed_path_table: Annotated[str, kinds.TEXT, "Its `path_table`."] = "path"
    seed_segment_table: Annotated[str, kinds.TEXT, "Its `segment_table`."] = "segment"
    create: Annotated[
        bool, kinds.FLAG, "Create the keyspace and tables that are missing. Off: their lack is an error at the start."
    ] = True
    write_consistency: Annotated[
        str,
        kinds.CONSISTENCY,
        "How many copies must have a write before it counts. ONE loses points with a node that dies soon after.",
    ] = "LOCAL_QUORUM"
    read_consistency: Annotated[
        str,
        kinds.CONSISTENCY,
        "How many copies a read asks. With LOCAL_QUORUM for both a read sees each write; ONE is quicker, and may lag.",
    ] = "LOCAL_QUORUM"
    tls: Annotated[bool, kinds.FLAG, "Encrypt the connections."] = False
    tls_ca: Annotated[str, kinds.TEXT, "File of the certificates to trust. Empty: those of the system."] = ""
    tls_certificate: Annotated[str, kinds.TEXT, "File of our own certificate, where the servers ask for one."] = ""
    tls_key: Annotated[str, kinds.TEXT, "File of its key."] = ""
    tls_check_hostname: Annotated[bool, kinds.FLAG, "Whether a server's certificate must be of the name it was called by."] = True
    connect_timeout_s: Annotated[int, kinds.DURATION, "For a connection to a node."] = 5
    request_timeout_s: Annotated[int, kinds.DURATION, "For a request, the times it is repeated included."] = 8
    publish_every_s: Annotated[
        int,
        kinds.DURATION,
        "How often points that are not in chunks yet are published. Services elsewhere lag by about as much; each time costs a "
        "request for some hundred paths.",
    ] = 60
    commitlog_period_s: Annotated[
        int,
        kinds.DURATION,
        "`commitlog_sync_period` of the servers: what they took within it is lost when they crash, so the log keeps it so long, "
        "and writes it again when a connection was lost.",
    ] = 10


@dataclass(frozen=True, slots=True)
class GraphiteSettings:
    """The listener for Graphite's plaintext lines."""

    listen: Annotated[
        Address, kinds.ADDRESS, "TCP address for lines. There is no authentication: open it to your own network only."
    ] = _GRAPHITE
    max_connections: Annotated[
        int, kinds.COUNT, "Most connections open at the same time; one more is refused. Each costs a few kB and an open file."
    ] = 10_000
    idle_timeout_s: Annotated[
        int,
        kinds.DURATION_OR_NEVER,
        "A connection without a byte for so long is closed. Senders notice only at their second write, so it should be longer "
        "than any of them is silent; dead ones are noticed before. 0: never.",
    ] = 7_200


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The API server."""

    listen: Annotated[Address, kinds.ADDRESS, "TCP address of the API. There is no authentication."] = _HTTP
    base_path: Annotated[str, kinds.BASE_PATH, "URL path below which find, expand, metrics and rawrender answer."] = "/graphite"
    workers: Annotated[
        int, kinds.COUNT, "API processes: about one a core that queries may take. Each holds the index of paths in memory."
    ] = 2
    threads: Annotated[int, kinds.COUNT, "Requests one API process works on at the same time."] = 8
    admin_token: Annotated[
        str,
        kinds.TOKEN,
        "Who sends it as `Authorization: Bearer TOKEN` may delete and rename paths over HTTP. It goes over the network as it is. "
        "Empty: nobody may.",
    ] = ""


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """What queries mean, and how much one may ask for."""

    timezone: Annotated[str, kinds.ZONE, "Time zone of times such as 12:00_20240101 in queries."] = "UTC"
    interpolate: Annotated[
        int, kinds.COUNT_OR_NONE, "Inner gaps of at most so many slots are drawn as a line. 0 shows each gap as it is."
    ] = 0
    coarse_reads: Annotated[
        bool,
        kinds.FLAG,
        "`/render` with `maxDataPoints` may read coarser points where every function of a target allows it: quicker, and peaks "
        "stay. Off: what graphite-web would read and average.",
    ] = True
    partial_answers: Annotated[
        bool,
        kinds.FLAG,
        "When a part of Cassandra does not answer, show what the rest has, and say so in the header `X-Cadent-Unreachable`. "
        "Off: such a query is an error.",
    ] = True
    max_series: Annotated[int, kinds.COUNT, "Most series one query may match. More lets one query take more memory."] = 10_000
    max_points: Annotated[
        int, kinds.COUNT, "Most points one query may read, and be answered. Each takes about 40 bytes while it is read."
    ] = 20_000_000
    max_nodes: Annotated[int, kinds.COUNT, "Most nodes one find may list."] = 1_000_000
    timeout_s: Annotated[
        int, kinds.DURATION, "A query that takes longer is given up. Until then it holds one of the threads."
    ] = 30


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The service itself."""

    read_only: Annotated[
        bool,
        kinds.FLAG,
        "Only answer queries, from what services elsewhere write to the Cassandra that `[store] chunks` names: no lines are "
        "taken.",
    ] = False
    self_metrics: Annotated[bool, kinds.FLAG, "Record the service and its host as `cadent.<host>.*`: about 25 paths."] = True
    log_level: Annotated[str, kinds.LOG_LEVEL, "Least level of the lines on stderr."] = "info"


@dataclass(frozen=True, slots=True)
class Config:
    """All sections, and the tables of policies. Every setting has a default that works."""

    store: StoreSettings = field(default_factory=StoreSettings)
    cassandra: CassandraSettings = field(default_factory=CassandraSettings)
    graphite: GraphiteSettings = field(default_factory=GraphiteSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    query: QuerySettings = field(default_factory=QuerySettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    policy: tuple[Policy, ...] = ()
    statistic: tuple[StatisticRule, ...] = ()

    @property
    def uses_cassandra(self) -> bool:
        """Whether chunks are kept there."""
        return self.store.chunks != kinds.FILES

    @property
    def policies(self) -> Policies:
        """Those of the tables, then ``default`` with the ladder of the store. ConfigError if two have the same name."""
        ordered = (*self.policy, Policy("default", self.store.ladder))
        return Policies(tuple(dataclasses.replace(policy, rules=self.statistic) for policy in ordered))

    def replace(self, values: Mapping[SettingName, object]) -> Config:
        """A copy with these settings, already of their types."""
        sections = {name.section for name in values}
        changed = {
            section: dataclasses.replace(
                getattr(self, section), **{name.key: value for name, value in values.items() if name.section == section}
            )
            for section in sections
        }
        return dataclasses.replace(self, **changed)


class SettingName(NamedTuple):
    """Written ``[http] workers``."""

    section: str
    key: str

    def __str__(self) -> str:
        return f"[{self.section}] {self.key}"


class Setting(NamedTuple):
    """A setting as the dataclasses declare it."""

    name: SettingName
    kind: Kind
    doc: str

    def show(self, config: Config) -> str:
        """Its value in ``config``, as TOML."""
        return self.kind.show(getattr(getattr(config, self.name.section), self.name.key))


def sections() -> Iterator[tuple[str, str, list[Setting]]]:
    """Every section in order: its name, one line about it, its settings."""
    for section, declared in get_type_hints(Config).items():
        if not dataclasses.is_dataclass(declared):
            continue
        hints = get_type_hints(declared, include_extras=True)
        yield section, declared.__doc__ or "", [_declared(SettingName(section, key), hint) for key, hint in hints.items()]


def settings() -> dict[SettingName, Setting]:
    """Every setting by its name."""
    return {setting.name: setting for _, _, group in sections() for setting in group}


def _declared(name: SettingName, hint: Any) -> Setting:
    kind, doc = hint.__metadata__
    return Setting(name, kind, doc)
