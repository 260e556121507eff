"""Links to real servers, and the errors they give."""

import contextlib

import pytest
from cadent.schema.errors import CadentError
from cadent.stores.cassandra.link import Link
from cadent.stores.cassandra.settings import ClusterSettings


@pytest.fixture
def open_link():
    """open_link("cassandra://...", create=False, ...): closed with the test."""
    with contextlib.ExitStack() as links:
        yield lambda address, **settings: links.enter_context(
            contextlib.closing(Link.open(ClusterSettings.of_address(address, **settings)))
        )


@pytest.fixture
def link(cassandra, keyspace, open_link):
    """In an empty keyspace."""
    return open_link(cassandra.store(keyspace))


@pytest.fixture(scope="session")
def error_of():
    """error_of(call): what it raises of ours."""

    def error_of(call):
        with pytest.raises(CadentError) as caught:
            call()
        return caught.value

    return error_of
