"""What the worker keeps an eye on in the cluster: topics, logs, clocks, other members."""
