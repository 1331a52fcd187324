"""``notifier import ginkgo`` from a real MariaDB that holds the original's tables."""

import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pymysql

from app.edges.recipients import load_recipients
from tests.support.channels import KNOWN
from tests.support.commands import run
from tests.support.mariadb import DATABASE, PASSWORD, USER, mariadb

NOTIFIER = Path(sys.executable).with_name("notifier")
BASE = (
    "uuid VARCHAR(32) PRIMARY KEY, is_del BOOL NOT NULL DEFAULT 0,"
    " create_at DATETIME DEFAULT CURRENT_TIMESTAMP"
)
SCHEMA = (
    f"CREATE TABLE users ({BASE}, username VARCHAR(64), display_name VARCHAR(128), is_active BOOL)",
    (
        f"CREATE TABLE user_contacts ({BASE}, user_id VARCHAR(32), contact_type TINYINT,"
        " address VARCHAR(512), is_primary BOOL, is_active BOOL)"
    ),
    f"CREATE TABLE user_groups ({BASE}, name VARCHAR(128), is_active BOOL)",
    f"CREATE TABLE user_group_mappings ({BASE}, user_uuid VARCHAR(32), group_uuid VARCHAR(32))",
)
SYSTEM = (
    f"CREATE TABLE notification_recipients ({BASE}, recipient_type TINYINT, user_id VARCHAR(32),"
    " user_group_id VARCHAR(32), name VARCHAR(128), is_default BOOL)"
)
ROWS = (
    (
        "INSERT INTO users (uuid, username, display_name, is_active, is_del) VALUES"
        " ('u1', 'kaoru', '交易员', 1, 0), ('u2', 'quiet', '', 0, 0), ('u3', 'gone', 'x', 1, 1)"
    ),
    (
        "INSERT INTO user_contacts (uuid, user_id, contact_type, address, is_primary, is_active) VALUES"
        " ('c1', 'u1', 3, 'https://discord.com/api/webhooks/1/token', 1, 1),"
        " ('c2', 'u1', 1, 'trader@example.com', 0, 1), ('c3', 'u1', 2, '', 0, 1),"
        " ('c4', 'u2', 1, 'not a mail address', 1, 1), ('c5', 'u3', 1, 'a@example.com', 1, 1)"
    ),
    "INSERT INTO user_groups (uuid, name, is_active) VALUES ('g1', 'traders', 1), ('g2', 'old', 0)",
    (
        "INSERT INTO user_group_mappings (uuid, user_uuid, group_uuid) VALUES"
        " ('m1', 'u1', 'g1'), ('m2', 'u3', 'g1')"
    ),
)
SYSTEM_ROWS = (
    "INSERT INTO notification_recipients (uuid, recipient_type, user_group_id, name, is_default)"
    " VALUES ('r1', 2, 'g1', 'risk', 1)"
)


def fill(port: int, *statements: str) -> None:
    """Write into the database as the original would."""
    with (
        pymysql.connect(
            host="127.0.0.1", port=port, user=USER, password=PASSWORD, database=DATABASE
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
        connection.commit()


def installed(folder: Path, *arguments: str) -> None:
    """Run the script that is installed in a folder, to its good end."""
    subprocess.run([str(NOTIFIER), "import", "ginkgo", *arguments], cwd=folder, check=True)


async def bring_over(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command in a folder; return status, standard output and standard error."""
    return await run(folder, {}, "notifier", "import", "ginkgo", *arguments)


async def test_recipients_come_over_from_ginkgos_database(tmp_path: Path) -> None:
    """Users, primary contacts, groups and system recipients; what is unusable is named, not taken."""
    async with mariadb(tmp_path) as port:
        url = f"mysql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{DATABASE}"
        fill(port, *SCHEMA, *ROWS)
        installed(tmp_path, "--mysql", url)  # an old version, without the last table
        fill(port, SYSTEM, SYSTEM_ROWS)
        again = await bring_over(tmp_path, "--mysql", url)
        assert (again[0], "--force" in again[2]) == (1, True)
        _, said, complained = await bring_over(tmp_path, "--mysql", url, "--force")
        nobody = url.replace("ginkgoadm", "nobody")
        wrong = await bring_over(tmp_path, "--mysql", nobody, "--force")
    assert "recipients.yaml: 2 users, 2 groups" in said
    assert "a contact of u1 (webhook): its address is empty" in complained
    assert "a contact of u2 (email): not a mail address" in complained
    assert "the group old: it is switched off" in complained
    assert "token" not in said + complained
    assert wrong[0] == 1
    assert PASSWORD not in wrong[2]
    path = tmp_path / "recipients.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    recipients = load_recipients(path, KNOWN)
    assert {key: (user.name, user.active) for key, user in recipients.users.items()} == {
        "u1": ("交易员", True),
        "u2": ("quiet", False),
    }
    assert recipients.groups["traders"].members == ("u1",)
    assert recipients.groups["System"].members == ("u1",)
    assert recipients.groups_by_uuid["g1"].key == "traders"
