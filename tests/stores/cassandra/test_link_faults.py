"""Hosts that die, hang or come back: what is acknowledged is there, nobody waits without end, and the log stays short."""

import logging
import threading

import pytest
from cadent.schema.errors import Unavailable
from cadent.stores.cassandra.link import Health, Request
from programs import eventually

INSERT = "INSERT INTO cell (row) VALUES (?)"
SELECT = "SELECT row FROM cell WHERE row = ?"
TWO_COPIES = {"class": "SimpleStrategy", "replication_factor": 2}


@pytest.fixture
def start(open_link):
    """start(node): a link to it, with an empty table."""

    def start(node, **settings):
        link = open_link(node.store("metrics"), **settings)
        link.write(Request("CREATE TABLE cell (row int PRIMARY KEY)"))
        link.write(Request(INSERT, (-1,)))
        link.read(Request(SELECT, (-1,)))
        return link

    return start


def write_for_ever(link):
    """(rows that were acknowledged, a thread that writes them until it cannot, what it was told then)"""
    acknowledged, errors = [], []

    def write():
        try:
            for row in range(10_000_000):
                link.write(Request(INSERT, (row,)))
                acknowledged.append(row)
        except Unavailable as error:
            errors.append(error)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return acknowledged, thread, errors


def read_again(link, row):
    """Whether it answers; what is away comes back by itself."""
    try:
        return link.read(Request(SELECT, (row,)), timeout_s=2) == [(row,)]
    except Unavailable:
        return False


def test_a_killed_node_ends_writes_and_is_found_again_with_all_it_acknowledged(cassandra_node, start, caplog):
    node = cassandra_node(durable=True)
    link = start(node)
    acknowledged, writing, errors = write_for_ever(link)
    eventually(lambda: len(acknowledged) > 200, "200 writes")
    node.kill()
    writing.join(30)
    assert not writing.is_alive()
    assert str(node) in str(errors[0])
    eventually(lambda: link.health == Health(0, 1), "the host is known to be away")

    answers = dict(link.read_many([Request(SELECT, (row,)) for row in range(500)]))
    assert {type(answer) for answer in answers.values()} == {Unavailable}

    node.start()
    eventually(lambda: read_again(link, -1), "the host is asked again")
    answers = dict(link.read_many([Request(SELECT, (row,)) for row in acknowledged]))
    assert [answers[index] for index in range(len(acknowledged))] == [[(row,)] for row in acknowledged]
    assert link.interruptions == 1
    eventually(lambda: "is back" in caplog.text, "the log says so")
    assert [record.name.partition(".")[0] for record in caplog.records if record.levelno >= logging.WARNING].count(
        "cassandra"
    ) == 0
    assert sum("went away" in record.message for record in caplog.records) == 1


def test_a_restart_that_nobody_sees_is_an_interruption(cassandra_node, start):
    node = cassandra_node(durable=True)
    link = start(node)
    node.kill()
    node.start()
    eventually(lambda: link.interruptions == 1, "the lost connection is noticed without a request")
    eventually(lambda: read_again(link, -1), "the host is asked again")


def test_a_node_that_hangs_costs_no_more_than_the_time_of_a_request(cassandra_node, start, error_of):
    node = cassandra_node()
    link = start(node, request_timeout_s=2)
    node.pause()
    error = error_of(lambda: link.read(Request(SELECT, (-1,))))
    assert isinstance(error, Unavailable)
    answers = dict(link.read_many([Request(SELECT, (row,)) for row in range(1_000)], timeout_s=0.5))
    assert len(answers) == 1_000
    assert {type(answer) for answer in answers.values()} == {Unavailable}
    assert isinstance(error_of(lambda: link.write(Request(INSERT, (1,)))), Unavailable)
    node.resume()
    eventually(lambda: read_again(link, -1), "it is asked again")
    link.write_many(Request(INSERT, (row,)) for row in range(300))
    assert link.read(Request("SELECT count(*) FROM cell")) == [(301,)]


def test_the_other_host_answers_for_one_that_hangs_and_for_one_that_died(cassandra_ring, start):
    first, second = cassandra_ring()
    link = start(first, replication=TWO_COPIES, read_consistency="ONE", write_consistency="ONE", request_timeout_s=30)
    eventually(lambda: link.health == Health(2, 2), "both hosts are known")
    second.pause()
    link.write_many(Request(INSERT, (row,)) for row in range(500))
    assert [rows for _, rows in link.read_many([Request(SELECT, (row,)) for row in range(500)])].count([]) == 0
    second.resume()
    eventually(lambda: link.health == Health(2, 2), "both hosts are up")
    second.kill()
    link.write_many(Request(INSERT, (row,)) for row in range(500, 1_000))
    answers = dict(link.read_many([Request(SELECT, (row,)) for row in range(1_000)]))
    assert answers == {row: [(row,)] for row in range(1_000)}
    assert link.health == Health(1, 2)
