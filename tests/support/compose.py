"""The compose file, as far as it can be read without Compose."""

from collections.abc import Mapping
from typing import Any

import yaml

from tests.support.service import ROOT

DOCKER = ROOT / "docker"


class Loader(yaml.SafeLoader):
    """Reads Compose's own tag as well, which takes away what a service would inherit."""


Loader.add_constructor("!reset", lambda *_: None)


def services() -> Mapping[str, Mapping[str, Any]]:
    """Return the services, each as it is written down."""
    text = (DOCKER / "compose.yaml").read_text()
    read: Mapping[str, Mapping[str, Any]] = yaml.load(text, Loader)["services"]  # noqa: S506 - a safe loader
    return read
