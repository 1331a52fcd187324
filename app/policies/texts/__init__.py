"""Texts for people: reports, plain text, numbers, hidden characters made visible. Pure."""
