"""Texts for people: reports, plain text, numbers, what is made visible. Pure."""
