"""The chunk store on Apache Cassandra, and what goes there besides chunks; needs the driver, so nothing else imports it."""
