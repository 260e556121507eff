"""In CI, where the variable ``CI`` is set, a run has failed if all of its tests with a real Cassandra were left out."""

import os

import pytest

GIVE_CASSANDRA = {"cassandra", "cassandra_runtime"}
RAN = pytest.StashKey[bool]()
SENTENCE = "CI is set, and of the tests with a real Cassandra not one was run: the lines above say why they were skipped"


def pytest_runtest_call(item):
    """A test that its fixtures skip does not come here."""
    if wants_cassandra(item):
        item.config.stash[RAN] = True


def pytest_sessionfinish(session):
    if os.environ.get("CI") and were_left_out(session) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        session.config.stash[RAN] = False


def pytest_terminal_summary(terminalreporter, config):
    if not config.stash.get(RAN, True):
        terminalreporter.write_line(SENTENCE, red=True)


def were_left_out(session: pytest.Session) -> bool:
    wanted = any(map(wants_cassandra, session.items)) and not session.config.option.collectonly
    return wanted and RAN not in session.config.stash


def wants_cassandra(item: pytest.Item) -> bool:
    return not GIVE_CASSANDRA.isdisjoint(getattr(item, "fixturenames", ()))
