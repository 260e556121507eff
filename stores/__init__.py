"""What keeps bytes: the log, and one folder or module for each chunk store."""
