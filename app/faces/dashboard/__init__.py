"""The pages for people: the status page and the API's description."""

from fastapi import FastAPI

from app.faces.api.openapi import ANY_PROBLEM
from app.faces.dashboard.assets import mount_static
from app.faces.dashboard.docs import docs_router, mount_swagger
from app.faces.dashboard.letters import letters_router
from app.faces.dashboard.problem import show_problems
from app.faces.dashboard.router import dashboard_router
from app.faces.dashboard.sign_in import sign_in_router

__all__ = ["add_pages"]


def add_pages(app: FastAPI) -> None:
    """Add the pages, and the files that they load, to the control plane."""
    app.include_router(dashboard_router())
    app.include_router(letters_router(), responses=ANY_PROBLEM)
    app.include_router(sign_in_router(), responses=ANY_PROBLEM)
    app.include_router(docs_router())
    show_problems(app)
    mount_static(app)
    mount_swagger(app)
