"""Sockets in, byte buffers out to a sink."""
