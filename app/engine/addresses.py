"""Whom to reach and how to say it: what ``POST /reload`` replaces as a whole."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from app.edges.recipients import load_recipients
from app.edges.templates import Templates, load_templates
from app.policies.addresses.names import names_of
from app.policies.channels import Channels
from app.policies.routing import Defaults
from app.values.recipients import Recipients


class Addresses:
    """Recipients, templates, default destinations and channels in force.

    Args:
        templates_dir: Message templates that go before the built-in ones, or None.

    Raises:
        RecipientsFileError, TemplateError: A file cannot be used.
    """

    def __init__(
        self,
        recipients_file: Path | None,
        templates_dir: Path | None,
        defaults: Defaults,
        channels: Channels,
    ) -> None:
        self.defaults = defaults
        self.channels = channels
        self._load_recipients: Callable[[], Recipients] = (
            (lambda: load_recipients(recipients_file, channels)) if recipients_file else Recipients
        )
        self._load_templates: Callable[[], Templates] = lambda: load_templates(templates_dir)
        self.recipients = self._load_recipients()
        self.templates = self._load_templates()
        self._names: Mapping[str, str] = {}
        self._named: Recipients | None = None

    def reload(self) -> Mapping[str, int]:
        """Check the files whole, then replace what is in force.

        Returns:
            How many users, groups and templates there are now.

        Raises:
            RecipientsFileError, TemplateError: The old ones stay in force.
        """
        recipients, templates = self._load_recipients(), self._load_templates()
        self.recipients, self.templates = recipients, templates
        return {
            "users": len(recipients.users),
            "groups": len(recipients.groups),
            "templates": len(templates.ids),
        }

    async def learn_names(self) -> None:
        """Learn whom destinations reach, after each reload of the recipients file."""
        recipients = self.recipients
        if recipients is not self._named:
            self._names = await asyncio.to_thread(names_of, recipients, self.channels)
            self._named = recipients

    def name_of(self, identity: str) -> str | None:
        """Return whom a destination reaches, by its id; None if the file names nobody."""
        return self._names.get(identity)
