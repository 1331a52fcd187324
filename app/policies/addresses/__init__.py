"""Addresses of webhooks: URLs, host names, proxies, headers. Pure."""
