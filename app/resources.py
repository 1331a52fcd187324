"""Finds the files that the package carries beside its code."""

from pathlib import Path


def templates_directory() -> Path:
    """Return the templates: inside the package in a wheel, else at the top of the checkout."""
    packaged = Path(__file__).parent / "_templates"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "templates"
