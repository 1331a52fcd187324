"""Frozen values that every other layer speaks in. They know nothing of the outside."""
