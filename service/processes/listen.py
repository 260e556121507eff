"""Binds the service's listeners once, before anything starts: a taken port is found at once, and no restart loses one."""

from __future__ import annotations

import errno
import os
import socket

from ...schema.errors import PortInUse, ServiceError
from ..config.kinds import Address

BACKLOG = 1_024


def listen(address: Address, setting: str) -> socket.socket:
    """A listening TCP socket. ``setting`` names, in errors, what to change. Raises PortInUse or ServiceError."""
    try:
        family, kind, protocol, _, name = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ServiceError(f"cannot listen on {address}: {error.strerror}; choose another address with {setting}") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(name)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"{address} is in use by another program; stop it, or choose another with {setting}") from None
        reason = os.strerror(error.errno or 0)
        raise ServiceError(f"cannot listen on {address}: {reason}; choose another address with {setting}") from None
    return listener


def address_of(listener: socket.socket) -> Address:
    """Where it really listens: port 0 has become a port by now."""
    host, port, *_ = listener.getsockname()
    return Address(host, port)
