"""What it takes to keep chunks in Apache Cassandra, and to read what others keep there."""
