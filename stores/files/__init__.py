"""The embedded chunk store: blocks of chunks in files, named by a manifest."""
