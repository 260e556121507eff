"""What is done to chunks once they are sealed: rolled up, merged, and dropped when their time is over."""
