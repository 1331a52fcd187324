"""Watches the cluster: topics, logs, clocks, other members."""
