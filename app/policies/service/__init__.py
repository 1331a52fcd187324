"""Decisions about the service itself: access, health, topics, rights, replays. Pure."""
