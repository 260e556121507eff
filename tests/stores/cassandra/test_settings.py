"""An address says where a cluster is and which keyspace is meant; what it cannot mean is refused with it."""

import pytest
from cadent.schema.errors import ConfigError
from cadent.stores.cassandra.settings import ClusterSettings
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}(\.[a-z0-9-]{1,10}){0,3}", fullmatch=True)
HOSTS = NAMES | st.ip_addresses().map(str)
PORTS = st.integers(1, 65_535)
KEYSPACES = st.from_regex(r"[a-z][a-z0-9_]{0,47}", fullmatch=True)
SETTINGS = st.builds(ClusterSettings, st.lists(st.tuples(HOSTS, PORTS), min_size=1, max_size=4).map(tuple), KEYSPACES)


@given(SETTINGS)
def test_an_address_reads_back_as_it_was_written(settings):
    assert ClusterSettings.of_address(settings.address) == settings


def test_hosts_have_the_port_of_cassandra_unless_they_say_otherwise():
    settings = ClusterSettings.of_address("cassandra://a,b:1,[::1],[fe80::2]:7/metrics")
    assert settings.hosts == (("a", 9042), ("b", 1), ("::1", 9042), ("fe80::2", 7))
    assert settings.keyspace == "metrics"
    assert settings.address == "cassandra://a,b:1,[::1],[fe80::2]:7/metrics"


@given(SETTINGS, st.text("@abc/:", min_size=1).filter(lambda text: "@" not in text), st.text("xyz/:", min_size=1))
def test_a_login_in_an_address_is_refused_and_not_repeated(settings, username, password):
    secret = f"SECRET{password}"
    with pytest.raises(ConfigError, match="user name or password") as refused:
        ClusterSettings.of_address(settings.address.replace("://", f"://{username}:{secret}@"))
    assert "SECRET" not in str(refused.value)
    assert settings.keyspace in str(refused.value)


def test_a_password_is_not_shown():
    assert "SECRET" not in repr(ClusterSettings.of_address("cassandra://a/b", username="u", password="SECRET"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/b",
        "http://a/b",
        "cassandra://",
        "cassandra:///b",
        "cassandra://a",
        "cassandra://a/",
        "cassandra://a,/b",
        "cassandra://a:/b",
        "cassandra://a:0/b",
        "cassandra://a:65536/b",
        "cassandra://a:x/b",
        "cassandra://::1/b",
        "cassandra://[a]/b",
        "cassandra://a b/c",
        "cassandra://a/b/c",
        "cassandra://a/Metrics",
        "cassandra://a/1b",
        "cassandra://a/b;c",
        "cassandra://a/" + "b" * 49,
    ],
)
def test_what_is_no_address_is_refused_with_its_text(text):
    with pytest.raises(ConfigError) as refused:
        ClusterSettings.of_address(text)
    assert repr(text) in str(refused.value)


@given(st.text(max_size=40) | st.text("cassandra://[]:,0a", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        settings = ClusterSettings.of_address(text)
    except ConfigError:
        return
    assert ClusterSettings.of_address(settings.address) == settings


@pytest.mark.parametrize("name", ["read_consistency", "write_consistency"])
def test_an_unknown_consistency_is_refused_with_those_there_are(name):
    with pytest.raises(ConfigError, match=r"'SOME'.*LOCAL_QUORUM"):
        ClusterSettings.of_address("cassandra://a/b", **{name: "SOME"})


@pytest.mark.parametrize(("least", "most"), [(0, 8), (9, 8)])
def test_bounds_of_requests_that_allow_none_are_refused(least, most):
    with pytest.raises(ConfigError, match=f"{least} to {most}"):
        ClusterSettings.of_address("cassandra://a/b", least_requests=least, most_requests=most)
