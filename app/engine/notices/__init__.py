"""What the service tells its operator by itself, past Kafka."""
