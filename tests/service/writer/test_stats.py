import pytest
from cadent.accumulate.accumulator import Counters as LineCounters
from cadent.ingest.tcp import Counters as ConnectionCounters
from cadent.service.writer.stats import figures
from cadent.writers.engine import Counters
from cadent.writers.flushing import FlushCounters
from cadent.writers.keeping.upkeep import UpkeepCounters
from cadent.writers.publish import PublishCounters
from cadent.writers.store_thread import SealCounters
from cadent.writers.waiting import WaitingCounters

LINES, CONNECTIONS = LineCounters(3, 2, {"value": 1}, 5, 0, 1, 100), ConnectionCounters(1, 2, 0, 60)


@pytest.fixture
def shown():
    """shown(publish): the figures of an engine that waits for its store."""

    def shown(publish):
        waiting = WaitingCounters(size_bytes=7_000, age_s=12.34567)
        engine = Counters(FlushCounters(), SealCounters(refused=2), UpkeepCounters(), publish, waiting, 0, 0, 1)
        return figures(LINES, CONNECTIONS, engine)

    return shown


def test_what_waits_to_be_sealed_is_shown(shown):
    found = shown(None)
    assert (found["seal.waiting_bytes"], found["seal.waiting_age_s"], found["seal.refused"]) == (7_000, 12.346, 2)


def test_publishing_is_shown_where_something_is_published(shown):
    found = shown(PublishCounters(points=10, seconds=0.5, lag_s=61.25))
    assert {name: value for name, value in found.items() if name.startswith("publish.")} == {
        "publish.points": 10,
        "publish.seconds": 0.5,
        "publish.lag_s": 61.25,
    }
    assert not [name for name in shown(None) if name.startswith("publish.")]
