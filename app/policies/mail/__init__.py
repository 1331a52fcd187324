"""Mails: addresses, headers, texts, and how they become bytes. Pure."""
