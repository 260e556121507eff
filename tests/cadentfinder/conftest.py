import sys
from pathlib import Path

import pytest

# Helpers of these tests alone; tests are no package, so they are found by folder.
sys.path.append(str(Path(__file__).parent))

import environments
import hosts
from servers import Relay, StandIn


@pytest.fixture
def stand_in():
    """Starts stand-ins for Cadent: ``stand_in(lambda request, client: http(b"[]"))``."""
    started = []

    def start(answer) -> StandIn:
        started.append(StandIn(answer))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="session")
def graphite_api_bin(wheelhouse):
    bin_folder = environments.environment("graphite-api")
    environments.install_finder(bin_folder, wheelhouse)
    return bin_folder


@pytest.fixture(scope="session")
def relays(cadent):
    """The two URLs the hosts are given lead to the same Cadent over lines that a test can unplug."""
    pair = (Relay(cadent.http_port), Relay(cadent.http_port))
    yield pair
    for relay in pair:
        relay.unplug()


@pytest.fixture(scope="session")
def graphite_web(graphite_web_bin, relays, tmp_path_factory):
    program, web = hosts.graphite_web(graphite_web_bin, tmp_path_factory.mktemp("graphite-web"), [relay.url for relay in relays])
    yield web
    program.stop()


@pytest.fixture(scope="session")
def graphite_api(graphite_api_bin, relays, tmp_path_factory):
    program, web = hosts.graphite_api(graphite_api_bin, tmp_path_factory.mktemp("graphite-api"), [relay.url for relay in relays])
    yield web
    program.stop()
