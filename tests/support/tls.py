"""Contexts for TLS with certificates that are made for a test."""

import ssl
from datetime import datetime

import trustme


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return the context of a client that trusts an authority, and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


def serving(
    authority: trustme.CA, name: str = "hooks.example", not_after: datetime | None = None
) -> ssl.SSLContext:
    """Return the context of a server with a certificate for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=not_after).configure_cert(context)
    return context
