"""Membership in the consumer group: joining, positions, intake, commits, leaving."""
