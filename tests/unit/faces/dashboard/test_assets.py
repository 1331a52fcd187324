from pathlib import Path

import httpx

from app.faces.dashboard.assets import STATIC, content_hash, static_url


async def test_a_file_is_kept_for_ever(client: httpx.AsyncClient) -> None:
    """The address has the content's hash, so a browser never asks for a file twice."""
    answer = await client.get(static_url("page.css"))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.text == (STATIC / "page.css").read_text(encoding="utf-8")


async def test_an_old_address_is_not_kept(client: httpx.AsyncClient) -> None:
    """A page from before an update gets the file of now, and does not keep it as the old one."""
    answer = await client.get("/static/000000000000/page.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


async def test_nothing_else_is_served(client: httpx.AsyncClient) -> None:
    """Files outside the folder are not there."""
    for path in ("../assets.py", "%2e%2e/ports.py", "nothing.js", ""):
        answer = await client.get(static_url(path))
        assert answer.status_code == 404, path


def test_the_hash_changes_with_any_file(tmp_path: Path) -> None:
    """Two folders that differ in one byte or one name have different addresses."""
    hashes = set()
    for name, text in (("a.js", "1"), ("a.js", "2"), ("b.js", "2")):
        folder = tmp_path / f"{name}{text}"
        folder.mkdir()
        (folder / name).write_text(text)
        hashes.add(content_hash(folder))
    assert len(hashes) == 3
