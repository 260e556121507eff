"""What a keyspace lacks or has otherwise."""

import pytest
from cadent.schema.errors import ConfigError
from cadent.stores.cassandra.ddl import create
from cadent.stores.cassandra.differences import differences
from cadent.stores.cassandra.link import Request
from cadent.stores.cassandra.settings import ClusterSettings

DAY_S = 86_400
WINDOW = "compaction_window"
TIME_WINDOWS = "'class': 'TimeWindowCompactionStrategy'"
STEPS = {10: 7 * DAY_S, 60: 90 * DAY_S}


@pytest.fixture
def settings(cassandra, keyspace):
    return ClusterSettings.of_address(cassandra.store(keyspace))


def test_nothing_differs_from_what_was_made(link, settings):
    create(link, settings, STEPS)
    assert differences(link, settings, STEPS) == []


def test_every_table_of_an_empty_keyspace_is_missing(link, settings):
    missing = differences(link, settings, STEPS)
    assert sorted(missing) == sorted(f"table {name} is missing" for name in create(link, settings, STEPS))


def test_a_table_is_missing_for_a_step_that_came_later(link, settings):
    create(link, settings, STEPS)
    assert differences(link, settings, {**STEPS, 300: DAY_S}) == ["table chunk_300 is missing"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("ALTER TABLE writer DROP published", ["column writer.published is missing; want map<text, frozen<tuple<"]),
        ("ALTER TABLE chunk_set DROP sealed", ["column chunk_set.sealed is missing; want map<text, bigint>"]),
        (
            f"ALTER TABLE chunk_60 WITH compaction = {{{TIME_WINDOWS}, '{WINDOW}_unit': 'HOURS', '{WINDOW}_size': 4}}",
            ["table chunk_60: compaction_window_unit of its compaction is HOURS; want DAYS"],
        ),
        (
            f"ALTER TABLE chunk_60 WITH compaction = {{{TIME_WINDOWS}, '{WINDOW}_unit': 'DAYS', '{WINDOW}_size': 1}}",
            ["table chunk_60: compaction_window_size of its compaction is 1; want 4"],
        ),
        (
            "ALTER TABLE recent WITH compaction = {'class': 'SizeTieredCompactionStrategy'}",
            [
                "table recent: class of its compaction is SizeTieredCompactionStrategy; want TimeWindowCompactionStrategy",
                "table recent: compaction_window_unit of its compaction is not given; want HOURS",
                "table recent: compaction_window_size of its compaction is not given; want 1",
            ],
        ),
        (
            "ALTER TABLE chunk_10 WITH compression = {'class': 'LZ4Compressor'}",
            ["table chunk_10: enabled of its compression is "],
        ),
    ],
)
def test_what_was_changed_is_named_with_what_is_wanted(link, settings, change, found):
    create(link, settings, STEPS)
    link.write(Request(change))
    lines = differences(link, settings, STEPS)
    assert len(lines) == len(found)
    assert all(line.startswith(start) for line, start in zip(lines, found, strict=True))


def test_a_column_of_another_type_is_named(link, settings):
    create(link, settings, STEPS)
    link.write(Request("DROP TABLE layout"))
    link.write(Request("CREATE TABLE layout (id int PRIMARY KEY, name text, version bigint)"))
    assert differences(link, settings, STEPS) == ["column layout.version is bigint; want int"]


def test_what_a_table_has_besides_does_not_matter(link, settings):
    create(link, settings, STEPS)
    link.write(Request("ALTER TABLE writer ADD remark text"))
    link.write(Request("CREATE TABLE other (id int PRIMARY KEY)"))
    assert differences(link, settings, STEPS) == []


def test_another_layout_is_refused(link, settings):
    for table in ("path", "segment"):
        link.write(Request(f"CREATE TABLE {table} (id int PRIMARY KEY)"))
    with pytest.raises(ConfigError, match="has layout 'seed'"):
        differences(link, settings, STEPS)
