"""The language of a command: its own help, and the words of the library that it is made with."""

import os
import re
from copy import copy
from typing import Final

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
_PUNCTUATION: Final = (
    (re.compile(r"(?<=')\.(?=\s|$)"), "。"),
    (re.compile(r"(?<=。) "), ""),
    (re.compile(r"(?<='), (?=')"), "、"),
    (re.compile(r",$", re.MULTILINE), ""),  # of a list with a line for each
)
"""What click puts between its texts, whatever the language."""


def speak_as_set(command: click.Command) -> None:
    """Let a command speak the language that the settings name, or else the terminal.

    Args:
        command: Its help is translated in place, with that of its commands.
    """
    speak(of_terminal(os.environ, _setting()))
    if language() is not Language.ENGLISH:
        _teach_click()
        localise(command)


def worded(error: click.ClickException) -> click.ClickException:
    """Return an error of a command in the language in force."""
    error.message = translate(error.message)  # type: ignore[misc] # click calls it final
    if (
        language() is Language.ENGLISH
        or not isinstance(error, click.UsageError)
        or isinstance(error, click.exceptions.NoArgsIsHelpError)
    ):
        return error
    text = error.format_message()
    for theirs, ours in _PUNCTUATION:
        text = theirs.sub(ours, text)
    return click.UsageError(text, error.ctx)


def localise(command: click.Command) -> None:
    """Translate the help of a command, its options and its commands, in place."""
    command.context_class = _Context
    command.options_metavar = gettext(command.options_metavar or "")
    if command.help:
        command.help = translate(command.help)
        command.short_help = command.help.partition("\n")[0]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.help = parameter.help and translate(parameter.help)
            _name_type(parameter)
            if isinstance(parameter.show_default, str):
                parameter.show_default = translate(parameter.show_default)
    if isinstance(command, click.Group):
        command.subcommand_metavar = gettext(command.subcommand_metavar)
        for each in command.commands.values():
            localise(each)


def _name_type(option: click.Option) -> None:
    """Let messages name the type of an option's values; in the help its name stays as it is."""
    if option.is_flag or isinstance(option.type, click.Choice):
        return
    option.metavar = option.metavar or option.type.name.upper()
    option.type = copy(option.type)  # options share it
    option.type.name = gettext(option.type.name)


class _Formatter(click.HelpFormatter):
    """Writes the colon of the language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, gettext("Usage:") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{heading}：\n")


class _Context(click.Context):
    formatter_class = _Formatter


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
