"""docs/architecture.md shows every room of the house."""

from tests.support.papers import TOP, code_in, rows, text_of

ARCHITECTURE = TOP / "docs/architecture.md"


def folders(below: str) -> set[str]:
    """Return the packages below a folder, as the page writes them."""
    inits = (TOP / below).glob("*/__init__.py")
    return {f"{below}/{init.parent.name}/" for init in inits}


def test_every_folder_has_its_row() -> None:
    """A reader who opens app/ finds each folder explained."""
    listed = {
        name for first, *_ in rows(ARCHITECTURE, "Where things are") for name in code_in(first)
    }
    assert folders("app") <= listed


def test_every_folder_of_the_engine_is_explained() -> None:
    """So does one who opens app/engine/."""
    text = text_of(ARCHITECTURE)
    assert {name for name in folders("app/engine") if f"`{name}`" not in text} == set()
