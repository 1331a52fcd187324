"""Decisions without I/O, clock or event loop: everything they need is an argument."""
