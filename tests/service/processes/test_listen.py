import socket

import pytest
from cadent.schema.errors import PortInUse, ServiceError
from cadent.service.config.kinds import Address
from cadent.service.processes.listen import address_of, listen


def test_a_listener_takes_connections():
    with listen(Address("127.0.0.1", 0), "--http HOST:PORT") as listener:
        address = address_of(listener)
        assert address.port > 0
        socket.create_connection(address).close()
        listener.accept()[0].close()


def test_ipv6():
    with listen(Address("::1", 0), "--http HOST:PORT") as listener:
        assert str(address_of(listener)).startswith("[::1]:")
        socket.create_connection(address_of(listener)).close()


def test_a_name_is_looked_up():
    with listen(Address("localhost", 0), "--http HOST:PORT") as listener:
        assert address_of(listener).host in {"127.0.0.1", "::1"}


def test_a_port_in_use_names_the_address_and_the_setting():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address(*taken.getsockname())
        with pytest.raises(PortInUse, match=rf"{address} is in use .* --http HOST:PORT"):
            listen(address, "--http HOST:PORT")


def test_a_port_that_was_just_left_is_free():
    """Connections of a service that ended linger in the kernel; the next start must not wait for them."""
    with listen(Address("127.0.0.1", 0), "--http HOST:PORT") as listener:
        address = address_of(listener)
        client = socket.create_connection(address)
        listener.accept()[0].close()  # the side that closes first lingers
    client.close()
    listen(address, "--http HOST:PORT").close()


@pytest.mark.parametrize("address", [Address("203.0.113.1", 2003), Address("no such host", 2003)], ids=str)
def test_an_address_that_is_not_ours_names_itself_and_the_setting(address):
    with pytest.raises(ServiceError, match=rf"cannot listen on {address}: .+; .* --graphite HOST:PORT"):
        listen(address, "--graphite HOST:PORT")
