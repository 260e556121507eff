"""The write-ahead log, which is also the head that readers map."""
