"""A home, a working directory and an environment of a test's own, to load settings from."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from app.settings.load import LoadedSettings, load_settings
from app.values.errors import SettingsError


class Sandbox:
    """Files below a temporary directory; nothing of the user's is read."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.directory = root / "work"
        (self.home / ".ginkgo").mkdir(parents=True)
        self.directory.mkdir()

    def write(self, name: str, text: str) -> None:
        """Write ``.env`` or another file of the working directory, or ``~/…`` below the home."""
        path = self.home / name[2:] if name.startswith("~/") else self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def load(
        self,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, object] | None = None,
        defaults: Mapping[str, object] | None = None,
    ) -> LoadedSettings:
        """Load the settings that hold in here."""
        return load_settings(
            flags,
            defaults=defaults,
            environ=environ or {},
            home=self.home,
            directory=self.directory,
        )

    def refusal(
        self,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, object] | None = None,
    ) -> str:
        """Return the one line with which loading is refused."""
        with pytest.raises(SettingsError) as caught:
            self.load(environ, flags)
        text = str(caught.value)
        assert "\n" not in text
        return text
