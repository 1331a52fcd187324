"""The language of a command: its own help, and the words of the library that it is made with."""

import os

import click
import click.core
import click.decorators
import click.exceptions
import click.formatting
import click.parser
import click.termui
import click.types

from app.language.choice import AUTO, Language, of_terminal
from app.language.speaking import gettext, language, ngettext, speak, translate
from app.settings.load import load_from_process
from app.settings.models import env_name
from app.values.errors import SettingsError

_OF_CLICK = (
    *(click.core, click.decorators, click.exceptions, click.formatting),
    *(click.parser, click.termui, click.types),
)


def speak_as_set(command: click.Command) -> None:
    """Let a command speak the language that the settings name, or else the terminal.

    Args:
        command: Its help is translated in place, with that of its commands.
    """
    speak(of_terminal(os.environ, _setting()))
    if language() is not Language.ENGLISH:
        _teach_click()
        localise(command)


def localise(command: click.Command) -> None:
    """Translate the help of a command, its options and its commands, in place."""
    if command.help:
        command.help = translate(command.help)
        command.short_help = command.help.partition("\n")[0]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.help = parameter.help and translate(parameter.help)
            if isinstance(parameter.show_default, str):
                parameter.show_default = translate(parameter.show_default)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            localise(each)


def _setting() -> str:
    """Return ``NOTIFIER_LANGUAGE``; a fault of the settings is told by the command itself."""
    given = os.environ.get(env_name("language"), "").lower()
    if given in {*Language, AUTO}:
        return given
    try:
        return load_from_process().settings.language
    except SettingsError:
        return AUTO


def _teach_click() -> None:
    """Give click our gettext: the one it has reads compiled files of the language of LANG alone."""
    for module in _OF_CLICK:
        for name, ours in (("_", gettext), ("ngettext", ngettext)):
            if hasattr(module, name):
                setattr(module, name, ours)
