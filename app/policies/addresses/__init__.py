"""Where webhooks go: URLs, host names, proxies, headers. Pure."""
