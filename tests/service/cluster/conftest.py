import pytest


@pytest.fixture
def store_of(tmp_path):
    """store_of(server, keyspace): the flags of a service with its chunks there, which publishes each second."""

    def flags(server, keyspace: str, **more: object) -> list[object]:
        file = tmp_path / f"{keyspace}.toml"
        settings = {"publish_every_s": 1, **more}
        lines = "".join(f"{name} = {value!r}\n".replace("'", '"').replace("False", "false") for name, value in settings.items())
        file.write_text(f"[service]\nself_metrics = false\n[cassandra]\n{lines}")
        return ["--config", file, "--store", server.store(keyspace)]

    return flags


@pytest.fixture
def store(cassandra, keyspace, store_of):
    """Those flags for the shared server and a keyspace of this test's own."""
    return store_of(cassandra, keyspace)
