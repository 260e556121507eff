import contextlib
import uuid

import pytest
from cadent.schema.errors import StoreError
from cadent.stores.cassandra.ddl import create
from cadent.stores.cassandra.lease import Lease
from cadent.stores.cassandra.link import Link, Request
from cadent.stores.cassandra.settings import ClusterSettings


@pytest.fixture(scope="module")
def tables(cassandra, new_keyspace):
    settings = ClusterSettings.of_address(cassandra.store(new_keyspace()))
    with contextlib.closing(Link.open(settings)) as link:
        create(link, settings, {})
        yield link


@pytest.fixture
def writer():
    return uuid.uuid4().hex


@pytest.fixture
def lease_of(tables, writer):
    """lease_of("folder"): that of a folder with this name, for the writer of this test."""
    return lambda folder: Lease(tables, writer, folder, f"{folder} on this host")


def test_one_folder_has_it_and_others_are_told_where_it_is(lease_of):
    one, other = lease_of("one"), lease_of("other")
    assert one.take() == ""
    assert other.take() == "one on this host"
    one.renew()
    assert other.take() == "one on this host"


def test_a_process_of_the_same_folder_takes_over(lease_of):
    assert lease_of("one").take() == ""
    assert lease_of("one").take() == ""


def test_what_ended_is_free_at_once(lease_of):
    one, other = lease_of("one"), lease_of("other")
    one.take()
    one.end()
    assert other.take() == ""
    one.end()
    assert one.take() == "other on this host"


def test_who_lost_it_is_told(lease_of, tables, writer):
    one, other = lease_of("one"), lease_of("other")
    one.take()
    tables.write(Request("DELETE FROM lease WHERE writer = ?", (writer,)))
    one.renew()
    one.end()
    other.take()
    with pytest.raises(StoreError, match="other on this host"):
        one.renew()


def test_it_ends_by_itself(lease_of, tables, writer):
    lease_of("one").take()
    ((seconds,),) = tables.read(Request("SELECT TTL(holder) FROM lease WHERE writer = ?", (writer,)))
    assert 20 < seconds <= 30
