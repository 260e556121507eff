"""Graphs as pictures. Nothing of it is imported before the first one: the library it draws with takes its time."""
