"""The status page (contract section 6)."""

from app.faces.dashboard.assets import mount_static
from app.faces.dashboard.router import dashboard_router

__all__ = ["dashboard_router", "mount_static"]
