import re

import httpx

from app.faces.dashboard.docs import SWAGGER


async def test_the_description_is_served(client: httpx.AsyncClient) -> None:
    """A person finds it where the contract says, under the policy of every other page."""
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "API · Notification worker" in page.text
    policy = page.headers["content-security-policy"]
    assert policy == (await client.get("/")).headers["content-security-policy"]
    assert "script-src" not in policy


async def test_everything_it_loads_comes_from_here(client: httpx.AsyncClient) -> None:
    """No address names another host, each leads somewhere, and no script stands in the page."""
    text = (await client.get("/docs")).text
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(sources) == 7
    for source in sources:
        assert re.match(r"/(?!/)", source)
        assert (await client.get(source)).status_code == 200, source
    assert not re.search(r"<script(?![^>]* src=)", text)


async def test_its_files_are_revalidated(client: httpx.AsyncClient) -> None:
    """Swagger UI is more than a megabyte: it is sent once, and again when it was updated."""
    first = await client.get(f"{SWAGGER}/swagger-ui-bundle.js")
    tag = first.headers["etag"]
    again = await client.get(f"{SWAGGER}/swagger-ui-bundle.js", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""
