"""Checks of this machine: settings that go together, and the files they name."""

import os
from collections.abc import Iterator

from app.doctor.findings import Finding, fail, ok, skip
from app.edges.recipients import load_recipients
from app.edges.templates import load_templates
from app.policies.channels import Channels
from app.settings.models import Settings, env_name
from app.values.errors import RecipientsFileError, TemplateError


async def check_settings(settings: Settings) -> list[Finding]:
    """Check the files that loading the settings does not read."""
    faults = [*_log_file(settings)]
    return faults or [ok("settings", "can be used")]


async def check_recipients(settings: Settings, channels: Channels) -> list[Finding]:
    """Read the recipients file whole."""
    path = settings.recipients_file
    if path is None:
        reason = f"there is no recipients file ({env_name('recipients_file')})"
        return [skip("recipients", f"{reason}; typed messages reach nobody")]
    try:
        recipients = load_recipients(path, channels)
    except RecipientsFileError as error:
        return [fail("recipients", str(error), "Put the file right, then POST /reload or restart.")]
    faults = [
        fail("recipients", warning, "Write the address, or take the contact out.")
        for warning in recipients.warnings.values()
    ]
    users, groups = len(recipients.users), len(recipients.groups)
    return faults or [ok("recipients", f"{path}: users: {users}, groups: {groups}")]


async def check_templates(settings: Settings) -> list[Finding]:
    """Read and compile every message template."""
    try:
        templates = load_templates(settings.templates_dir)
    except TemplateError as error:
        return [fail("templates", str(error), "Put the file right, then POST /reload or restart.")]
    return [ok("templates", ", ".join(templates.ids))]


def _log_file(settings: Settings) -> Iterator[Finding]:
    path = settings.log.file
    if path is None:
        return
    writable = os.access(path, os.W_OK) if path.exists() else os.access(path.parent, os.W_OK)
    if not writable or path.is_dir():
        problem = f"{env_name('log.file')}: {path} cannot be written"
        yield fail("settings", problem, "Name a file in a folder that this user may write to.")
