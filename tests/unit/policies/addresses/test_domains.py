"""Registered domains: which hosts count as one party."""

import pytest

from app.policies.addresses.domains import registered_domain


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("hooks.example.com", "example.com"),
        ("a.b.c.Example.com.", "example.com"),
        ("example.com", "example.com"),
        ("localhost", "localhost"),
        ("shop.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("hooks.example.com.cn", "example.com.cn"),
        ("hooks.example.cn", "example.cn"),
        ("x.github.io", "github.io"),
        ("t.co", "t.co"),
        ("127.0.0.1", "127.0.0.1"),
        ("2606:4700::1111", "2606:4700::/64"),
        ("2606:4700:0:0:ffff::1", "2606:4700::/64"),
        ("", ""),
        (".", ""),
    ],
)
def test_the_registered_domain(host: str, domain: str) -> None:
    """Two labels, three below a country's second level; addresses by themselves or their network."""
    assert registered_domain(host) == domain
