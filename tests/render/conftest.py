import sys
from pathlib import Path

import pytest

# Helpers of these tests alone; tests are no package, so they are found by folder.
sys.path.append(str(Path(__file__).parent))

import hosts
import samples
from programs import Cadent


@pytest.fixture(scope="session")
def exact(tmp_path_factory):
    """A running ``cadent serve`` with the samples, which reads what graphite-web would."""
    yield from serving(tmp_path_factory.mktemp("exact"), "[query]\ncoarse_reads = false\n")


@pytest.fixture(scope="session")
def coarse(tmp_path_factory):
    """One with the same samples, which may read coarser points: the default."""
    yield from serving(tmp_path_factory.mktemp("coarse"), "")


def serving(folder, settings):
    file = folder / "cadent.toml"
    file.write_text(settings + samples.POLICIES)
    service = Cadent(folder, "--config", file)
    try:
        service.wait()
        samples.send(service)
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="session")
def oracle(exact, graphite_web_bin, tmp_path_factory):
    """graphite-web 1.1.10 over the same samples."""
    program, web = hosts.graphite_web(
        graphite_web_bin, tmp_path_factory.mktemp("oracle"), [f"http://127.0.0.1:{exact.http_port}/graphite"]
    )
    yield web
    program.stop()
