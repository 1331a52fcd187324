"""Notices: tells the operator what is wrong, without Kafka."""
