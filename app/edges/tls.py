"""Whom TLS connections trust."""

import ssl

import httpx


def default_tls_context() -> ssl.SSLContext:
    """Return a client's context that trusts the public authorities and the system's own.

    httpx brings the public ones (or those of ``SSL_CERT_FILE``), so that a machine without a store
    works; a company's own authority is in the system's store.
    """
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context
