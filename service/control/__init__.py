"""The control socket: what the running writer is asked, by whom and in which frames."""
