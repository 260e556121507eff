"""The tables of a keyspace: made, left out, refused."""

import dataclasses

import pytest
from cadent.schema.errors import ConfigError
from cadent.stores.cassandra.ddl import create, make_step_table, statements, try_ttl
from cadent.stores.cassandra.differences import differences
from cadent.stores.cassandra.link import Request
from cadent.stores.cassandra.settings import ClusterSettings

DAY_S = 86_400


@pytest.fixture
def settings(cassandra, keyspace):
    return ClusterSettings.of_address(cassandra.store(keyspace))


def test_what_is_missing_is_made_once(link, settings):
    assert {"layout", "chunk_set", "names", "recent", "writer", "chunk_10"} <= set(create(link, settings, {10: 7 * DAY_S}))
    assert create(link, settings, {10: 7 * DAY_S, 60: 30 * DAY_S}) == ["chunk_60"]
    assert create(link, settings, {10: 7 * DAY_S, 60: 30 * DAY_S}) == []


def test_a_table_is_made_for_a_step_that_has_none(link, settings):
    create(link, settings, {})
    with pytest.raises(ConfigError, match="chunk_300"):
        make_step_table(link, "chunks", 300, DAY_S, create=False)
    make_step_table(link, "chunks", 300, DAY_S, create=True)
    make_step_table(link, "chunks", 300, DAY_S, create=False)
    assert link.read(Request("SELECT id FROM chunk_300")) == []


def test_what_may_not_be_made_is_named(link, open_link, cassandra, keyspace):
    forbidding = ClusterSettings.of_address(cassandra.store(keyspace), create=False)
    with pytest.raises(ConfigError, match=f"{keyspace}.*chunk_set.*create = false"):
        create(link, forbidding, {})
    assert link.read(Request("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", (keyspace,))) == []


@pytest.mark.parametrize(("have", "want"), [("chunks", "rows"), ("rows", "chunks")])
def test_a_keyspace_keeps_its_layout(link, cassandra, keyspace, have, want):
    there, other = (ClusterSettings.of_address(cassandra.store(keyspace), layout=layout) for layout in (have, want))
    create(link, there, {10: 7 * DAY_S})
    with pytest.raises(ConfigError, match=f"{keyspace} has layout '{have}', version 1; want layout '{want}', version 1"):
        create(link, other, {10: 7 * DAY_S})
    assert create(link, there, {10: 7 * DAY_S}) == []


def test_a_keyspace_of_rows_has_the_tree_of_paths_too(link, cassandra, keyspace):
    settings = ClusterSettings.of_address(cassandra.store(keyspace), layout="rows")
    assert {"chunk_set", "row_10", "path", "segment"} <= set(create(link, settings, {10: 7 * DAY_S}))
    assert differences(link, settings, {10: 7 * DAY_S, 60: DAY_S}) == ["table row_60 is missing"]


def test_nothing_is_made_or_missed_for_what_an_old_cadent_wrote(link, settings):
    for table in ("path", "segment"):
        link.write(Request(f"CREATE TABLE {table} (id int PRIMARY KEY)"))
    for work in (create, differences):
        with pytest.raises(ConfigError, match="layout 'seed' is only read"):
            work(link, dataclasses.replace(settings, layout="seed"), {10: DAY_S})


@pytest.mark.parametrize(("name", "version"), [("rows", 1), ("chunks", 2)])
def test_another_layout_or_version_is_refused(link, settings, name, version):
    link.write(Request("CREATE TABLE layout (id int PRIMARY KEY, name text, version int)"))
    link.write(Request("INSERT INTO layout (id, name, version) VALUES (0, ?, ?)", (name, version)))
    with pytest.raises(ConfigError, match=f"has layout '{name}', version {version}; want layout 'chunks', version 1"):
        create(link, settings, {})


def test_the_keyspace_of_an_old_cadent_is_refused(link, settings):
    for table in ("path", "segment"):
        link.write(Request(f"CREATE TABLE {table} (id int PRIMARY KEY)"))
    with pytest.raises(ConfigError, match="has layout 'seed'"):
        create(link, settings, {})


def test_a_ttl_that_the_server_refuses_is_a_sentence(link, settings):
    create(link, settings, {})
    try_ttl(link, 30 * DAY_S)
    with pytest.raises(ConfigError, match="live for 21y"):
        try_ttl(link, 21 * 365 * DAY_S)
    assert link.read(Request("SELECT id FROM layout")) == [(0,)]


@pytest.mark.parametrize(("ttl_days", "window_days"), [(1, 1), (7, 1), (90, 4), (730, 36)])
def test_a_ttl_has_about_twenty_windows_of_compaction(ttl_days, window_days):
    settings = ClusterSettings.of_address("cassandra://host/k")
    assert f"'compaction_window_size': {window_days}}}" in statements(settings, {10: ttl_days * DAY_S})["chunk_10"]
