"""``/docs``: every call, described by Swagger UI, whose files come out of an installed package."""

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from app.faces.dashboard.templates import page_environment

SWAGGER = "/docs/swagger"


def docs_router() -> APIRouter:
    """Build the route of the page; ``mount_swagger`` serves its files."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def docs(request: Request) -> HTMLResponse:
        page = page_environment().get_template("docs/index.html")
        return HTMLResponse(page.render(title=request.app.title, swagger=SWAGGER))

    return router


def mount_swagger(app: FastAPI) -> None:
    """Serve Swagger UI's files from this machine; browsers keep and revalidate them."""
    # Only the package's files are of use: it would patch the application, for the same effect.
    app.mount(SWAGGER, StaticFiles(packages=[("fastapi_swagger", "resources")]), "swagger")
