"""The page's style sheet, scripts and icon, under a path that changes with their content."""

import functools
import hashlib
import os
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parents[1] / "static"


def mount_static(app: FastAPI) -> None:
    """Serve the files under ``/static/<content hash>/``, for ever; nothing is read before."""
    app.mount("/static", _Hashed(directory=STATIC, check_dir=False), "static")


def static_url(name: str) -> str:
    """Return the address of a file.

    The hash covers every file, so scripts that import each other by relative names change
    their addresses together.
    """
    return f"/static/{content_hash(STATIC)}/{name}"


@functools.cache
def content_hash(directory: Path) -> str:
    """Return 12 hexadecimal digits that change with any file's name or content."""
    digest = hashlib.sha256()
    for path in sorted(directory.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


class _Hashed(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        version, _, name = path.partition(os.sep)
        response = await super().get_response(name, scope)
        # A page from before an update may ask for a file that has changed since.
        known = version == content_hash(STATIC)
        age = "private, max-age=31536000, immutable" if known else "no-cache"
        response.headers["Cache-Control"] = age
        return response
