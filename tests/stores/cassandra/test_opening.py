"""A link that cannot be opened says why, with the server and what to change."""

import subprocess
from pathlib import Path

import pytest
from cadent.schema.errors import ConfigError, Unavailable
from cadent.stores.cassandra.link import Health, Request
from cadent.stores.cassandra.settings import Tls

NOBODY = "127.0.0.1:9"  # discard: no machine of today listens there
LOGIN = {"username": "cassandra", "password": "cassandra"}
POOR = {"username": "poor", "password": "poor"}
STORE_PASSWORD = "changeit"


def test_an_unknown_host_is_named(open_link, error_of):
    error = error_of(lambda: open_link("cassandra://no-such-host.invalid/metrics"))
    assert isinstance(error, ConfigError)
    assert "no-such-host.invalid:9042" in str(error)


def test_a_host_where_nobody_listens_is_unavailable(open_link, error_of):
    error = error_of(lambda: open_link(f"cassandra://{NOBODY}/metrics"))
    assert isinstance(error, Unavailable)
    assert NOBODY in str(error)
    assert "refused" in str(error)


def test_one_host_that_answers_is_enough(cassandra, keyspace, open_link):
    address = f"cassandra://{NOBODY},no-such-host.invalid,{cassandra}/{keyspace}"
    assert open_link(address).read(Request("SELECT key FROM system.local")) == [("local",)]


def test_an_unknown_data_centre_is_refused_with_those_there_are(cassandra, keyspace, open_link, error_of):
    error = error_of(lambda: open_link(cassandra.store(keyspace), datacenter="mars"))
    assert isinstance(error, ConfigError)
    assert "'mars'" in str(error)
    assert "datacenter1" in str(error)


def test_a_missing_keyspace_is_made(cassandra, keyspace, open_link, cql):
    name = f"{keyspace}_made"
    open_link(cassandra.store(name), replication={"class": "NetworkTopologyStrategy", "datacenter1": 1})
    (made,) = cql.execute("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s", (name,))
    assert made.replication == {"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "datacenter1": "1"}
    cql.execute(f"DROP KEYSPACE {name}")


def test_a_missing_keyspace_is_named_where_none_may_be_made(cassandra, keyspace, open_link, error_of):
    error = error_of(lambda: open_link(cassandra.store(f"{keyspace}_no"), create=False))
    assert isinstance(error, ConfigError)
    assert f"{keyspace}_no" in str(error)
    assert "create = false" in str(error)


def test_a_replication_that_the_cluster_cannot_do_is_said(cassandra, keyspace, open_link, error_of):
    replication = {"class": "NetworkTopologyStrategy", "mars": 2}
    error = error_of(lambda: open_link(cassandra.store(f"{keyspace}_no"), replication=replication))
    assert isinstance(error, ConfigError)
    assert "mars" in str(error)


def test_who_may_not_enter_or_lacks_a_right_is_told(cassandra_node, open_link, error_of):
    node = cassandra_node(password=True)
    for login in ({}, {**LOGIN, "password": "wrong"}, {**LOGIN, "username": "nobody"}):
        error = error_of(lambda login=login: open_link(node.store("metrics"), **login))
        assert isinstance(error, ConfigError)
        assert "login" in str(error)
        assert "wrong" not in str(error)

    owner = open_link(node.store("metrics"), **LOGIN)
    owner.write(Request("CREATE TABLE cell (row int PRIMARY KEY)"))
    owner.write(Request("CREATE ROLE poor WITH PASSWORD = 'poor' AND LOGIN = true"))

    error = error_of(lambda: open_link(node.store("others"), **POOR))
    assert isinstance(error, ConfigError)
    assert "CREATE" in str(error)
    poor = open_link(node.store("metrics"), **POOR)
    for request in (Request("INSERT INTO cell (row) VALUES (1)"), Request("SELECT row FROM cell")):
        error = error_of(lambda request=request: poor.read(request))
        assert isinstance(error, ConfigError)
        assert "poor" in str(error)


@pytest.fixture
def tls_node(cassandra_runtime, cassandra_node, tmp_path):
    """(a node that speaks TLS too, its certificate)"""
    keytool = Path(cassandra_runtime.java).with_name("keytool")
    store, certificate = tmp_path / "node.p12", tmp_path / "node.pem"
    common = ["-alias", "node", "-keystore", store, "-storetype", "PKCS12", "-storepass", STORE_PASSWORD]
    names = ["-dname", "CN=node", "-ext", "san=ip:127.0.0.1", "-ext", "bc:c"]
    subprocess.run([keytool, "-genkeypair", *common, "-keyalg", "RSA", *names], check=True, capture_output=True)
    subprocess.run([keytool, "-exportcert", "-rfc", *common, "-file", certificate], check=True, capture_output=True)
    options = {"enabled": True, "optional": True, "keystore": str(store), "keystore_password": STORE_PASSWORD}
    return cassandra_node(client_encryption_options={**options, "store_type": "PKCS12"}), certificate


def test_a_server_is_known_by_its_certificate(tls_node, open_link, error_of):
    node, certificate = tls_node
    link = open_link(node.store("metrics"), tls=Tls(ca=certificate))
    assert link.health == Health(1, 1)
    assert link.read(Request("SELECT key FROM system.local")) == [("local",)]

    error = error_of(lambda: open_link(node.store("metrics"), tls=Tls()))
    assert isinstance(error, Unavailable)
    assert "certificate" in str(error)


def test_a_certificate_file_that_cannot_be_read_is_named(open_link, error_of, tmp_path):
    missing = tmp_path / "no.pem"
    for tls in (Tls(ca=missing), Tls(certificate=missing, key=missing)):
        error = error_of(lambda tls=tls: open_link("cassandra://127.0.0.1/metrics", tls=tls))
        assert isinstance(error, ConfigError)
        assert str(missing) in str(error)
