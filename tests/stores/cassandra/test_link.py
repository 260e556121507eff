"""A link reads and writes one or many at a time, and says why when it cannot."""

import threading

import pytest
from cadent.schema.errors import ConfigError, Refused, Unavailable
from cadent.stores.cassandra.link import Batch, Health, Request

TABLE = "CREATE TABLE cell (row int, place int, value blob, PRIMARY KEY (row, place))"
INSERT = "INSERT INTO cell (row, place, value) VALUES (?, ?, ?)"
SELECT = "SELECT place, value FROM cell WHERE row = ?"
LARGEST_REQUEST = 16 << 20  # the server's default


@pytest.fixture
def table(link):
    link.write(Request(TABLE))
    return link


def insert(row, place=0, value=b""):
    return Request(INSERT, (row, place, value))


def select(row):
    return Request(SELECT, (row,))


def test_what_was_written_is_read(table):
    table.write(insert(1, 2, b"x"))
    assert table.read(select(1)) == [(2, b"x")]
    assert table.read(select(2)) == []


def test_many_writes_are_all_there_when_they_return(table):
    table.write_many(insert(row, row + 1) for row in range(1_000))
    assert sorted(table.read(Request("SELECT row, place FROM cell"))) == [(row, row + 1) for row in range(1_000)]


def test_nothing_to_write_or_read_is_done_at_once(table):
    table.write_many([])
    assert list(table.read_many([])) == []


def test_a_batch_is_written_as_a_whole(table):
    table.write(Batch([insert(1, place, b"x" * place) for place in range(100)]))
    assert table.read(select(1)) == [(place, b"x" * place) for place in range(100)]


def test_rows_of_many_pages_come_in_order(table):
    table.write_many(Batch([insert(1, place) for place in range(start, start + 500)]) for start in range(0, 5_000, 500))
    assert table.read(select(1)) == [(place, b"") for place in range(5_000)]


def test_each_of_many_reads_has_its_own_rows(table):
    table.write_many(insert(row, row) for row in range(500))
    answers = dict(table.read_many([select(row) for row in range(600)]))
    assert answers == {row: [(row, b"")] if row < 500 else [] for row in range(600)}


def test_reads_that_nobody_takes_do_not_stop_others(table):
    table.write(insert(1))
    for _ in range(50):
        next(table.read_many([select(1)] * 40))
    assert len(list(table.read_many([select(1)] * 300))) == 300


def test_threads_share_a_link(table):
    def write(first):
        table.write_many(insert(row, first) for row in range(first, first + 200))

    threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 1_600, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert table.read(Request("SELECT count(*) FROM cell")) == [(1_600,)]


def test_an_unprepared_statement_is_prepared_again(table, cql, keyspace):
    """The server forgets the statements of a table that changes."""
    table.write(insert(1, 2, b"x"))
    cql.execute(f"ALTER TABLE {keyspace}.cell ADD more int")
    table.write(insert(1, 3, b"y"))
    assert table.read(select(1)) == [(2, b"x"), (3, b"y")]


def test_what_the_server_refuses_is_refused_at_once_and_names_the_place(table, cassandra, keyspace, error_of):
    error = error_of(lambda: table.write(insert(1, 1, b"x" * LARGEST_REQUEST)))
    assert isinstance(error, Refused)
    assert str(cassandra) in str(error)
    assert keyspace in str(error)


def test_a_statement_that_is_no_cql_is_refused(table, error_of):
    assert isinstance(error_of(lambda: table.read(Request("SELEC"))), Refused)


def test_a_missing_table_is_not_the_fault_of_what_is_written(link, error_of):
    error = error_of(lambda: link.write(Request("INSERT INTO nowhere (id) VALUES (?)", (1,))))
    assert isinstance(error, ConfigError)
    assert "nowhere" in str(error)


def test_a_table_that_was_dropped_is_named(table, cql, keyspace, error_of):
    table.write(insert(1))
    cql.execute(f"DROP TABLE {keyspace}.cell")
    error = error_of(lambda: table.write(insert(1)))
    assert isinstance(error, ConfigError)
    assert "cell" in str(error)


def test_after_an_error_no_more_is_sent_and_all_that_was_has_an_end(table, error_of):
    asked = 0

    def requests():
        nonlocal asked
        for row in range(100_000):
            asked += 1
            yield insert(row, 0, b"x" * LARGEST_REQUEST) if row == 300 else insert(row)

    assert isinstance(error_of(lambda: table.write_many(requests())), Refused)
    assert asked < 100_000
    (count,) = table.read(Request("SELECT count(*) FROM cell"))
    assert table.read(Request("SELECT count(*) FROM cell")) == [count]


def test_an_error_of_who_gives_the_requests_comes_once_nothing_is_under_way(table):
    def requests():
        yield from (insert(row) for row in range(500))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        table.write_many(requests())
    assert table.read(Request("SELECT count(*) FROM cell")) == [(500,)]


def test_reads_without_time_are_all_unavailable(table):
    answers = dict(table.read_many([select(row) for row in range(300)], timeout_s=0))
    assert sorted(answers) == list(range(300))
    assert {type(answer) for answer in answers.values()} <= {Unavailable, list}
    assert Unavailable in {type(answer) for answer in answers.values()}


def test_a_closed_link_is_unavailable(table, error_of):
    table.write(insert(1))
    table.close()
    assert isinstance(error_of(lambda: table.write(insert(1))), Unavailable)
    assert isinstance(error_of(lambda: table.read(select(1))), Unavailable)


def test_closing_ends_what_is_under_way(table):
    ended = threading.Event()

    def write():
        with pytest.raises(Unavailable):
            table.write_many(insert(row % 100) for row in range(10_000_000))
        ended.set()

    writing = threading.Thread(target=write)
    writing.start()
    while not table.read(select(5)):
        pass
    table.close()
    writing.join(30)
    assert ended.is_set()


def test_health_counts_the_hosts(link):
    assert link.health == Health(1, 1)
    assert link.interruptions == 0
