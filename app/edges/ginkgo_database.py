"""The original system's MySQL tables, read once and never written to."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.cursors import DictCursor

from app.policies.service.ginkgo_import import Row, Tables
from app.values.errors import NotifierError

TIMEOUT = 10
_NO_SUCH_TABLE = 1146
_SELECT = "SELECT * FROM `{}` WHERE `is_del` = 0 ORDER BY `create_at`, `uuid`"


class GinkgoDatabaseError(NotifierError):
    """The database cannot be read; the text holds no password."""


def read_tables(url: str) -> Tables:
    """Read users, contacts, groups and system recipients.

    Args:
        url: ``mysql://user:password@host:port/database``.

    Raises:
        GinkgoDatabaseError: It is no such URL, or the database does not answer or says no.
    """
    where = _connection(url)
    shown = f"{where['host']}:{where['port']}/{where['database']}"
    try:
        with pymysql.connect(
            **where, charset="utf8mb4", cursorclass=DictCursor, connect_timeout=TIMEOUT
        ) as connection:
            return Tables(
                users=_rows(connection, "users"),
                contacts=_rows(connection, "user_contacts"),
                groups=_rows(connection, "user_groups"),
                memberships=_rows(connection, "user_group_mappings"),
                system_recipients=_rows(connection, "notification_recipients", optional=True),
            )
    except pymysql.MySQLError as error:
        reason = error.args[-1] if error.args else type(error).__name__
        raise GinkgoDatabaseError(f"{shown}: {reason}") from None


def _rows(connection: Any, table: str, *, optional: bool = False) -> Sequence[Row]:
    """Return the rows of a table that were not deleted; older versions lack some tables."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(_SELECT.format(table))
        except pymysql.err.ProgrammingError as error:
            if optional and error.args[0] == _NO_SUCH_TABLE:
                return ()
            raise
        return list(cursor.fetchall())


def _connection(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port or 3306
    except ValueError:
        raise GinkgoDatabaseError("the database's URL is malformed") from None
    if not parts.scheme.startswith("mysql") or not parts.hostname or not parts.path.strip("/"):
        raise GinkgoDatabaseError(
            "the database's URL is not of the form mysql://user:password@host:port/database"
        )
    return {
        "host": parts.hostname,
        "port": port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.strip("/"),
    }
