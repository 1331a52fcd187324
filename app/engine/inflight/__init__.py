"""What is in flight: items, and the partitions that they came from."""
