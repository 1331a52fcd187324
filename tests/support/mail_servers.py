"""Postfix and OpenSMTPD as Debian packages them, each in a folder of its own, on loopback.

They run in a changed root with the accounts that their packages would make, write mails into a
folder, and change nothing of this machine.
"""

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.support.smtp_server import Certificates

PATIENCE = 20.0
LOOK = 0.02  # seconds between two looks at what another process does
ACCOUNTS = ("postfix", "postdrop", "opensmtpd", "opensmtpq", "vmail", "nobody")
FIRST_ID = 901
QUEUE = "active bounce corrupt defer deferred flush hold incoming private saved trace public maildrop pid"

MAIN_CF = """
compatibility_level = 3.6
maillog_file = /var/log/postfix.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
myhostname = mail.example.com
mydestination =
alias_maps =
virtual_mailbox_domains = example.com, xn--fa-hia.example
virtual_mailbox_maps = static:all/
virtual_mailbox_base = /var/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
"""
MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
SASL_CONF = "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n"


@dataclass(frozen=True)
class RealServer:
    """A server that runs."""

    port: int  # on 127.0.0.1
    root: Path  # what it takes for the root of the file system

    async def mails(self, recipients: Iterable[str]) -> dict[str, list[EmailMessage]]:
        """Wait until each of these has a mail; return what each has."""
        wanted = set(recipients)
        found: defaultdict[str, list[EmailMessage]] = defaultdict(list)
        read: set[Path] = set()
        async with asyncio.timeout(PATIENCE):
            while wanted - found.keys():
                for path in self._delivered() - read:
                    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                    found[str(mail["X-Original-To"] or mail["Delivered-To"])].append(mail)
                    read.add(path)
                await asyncio.sleep(LOOK)
        return {recipient: found[recipient] for recipient in wanted}

    def _delivered(self) -> set[Path]:
        return set((self.root / "var/mail/all/new").glob("*"))


@asynccontextmanager
async def postfix(
    unpacked: Path,
    settings: Mapping[str, str],
    *,
    certificates: Certificates | None = None,
    user: tuple[str, str] | None = None,
) -> AsyncIterator[RealServer]:
    """Run Postfix.

    Args:
        unpacked: From ``Tools.mail_servers``.
        settings: Of ``main.cf``.
        certificates: With them it offers STARTTLS.
        user: A name and a password that may log in.
    """
    with _own_root(unpacked) as root:
        port = _free_port()
        lines = [
            MAIN_CF.format(uid=_id("vmail")),
            *(f"{key} = {settings[key]}\n" for key in settings),
        ]
        if certificates is not None:
            _write(root / "etc/ssl/mail.pem", certificates.pem, 0o600)
            lines.append(
                "smtpd_tls_chain_files = /etc/ssl/mail.pem\nsmtpd_tls_security_level = may\n"
            )
        if user is not None:
            _set_password(root, *user)
            lines.append("smtpd_sasl_auth_enable = yes\nsmtpd_sasl_local_domain = example.com\n")
        _write(root / "etc/postfix/main.cf", "".join(lines))
        _write(root / "etc/postfix/master.cf", MASTER_CF.format(port=port))
        for name in QUEUE.split():
            folder = root / "var/spool/postfix" / name
            folder.mkdir(exist_ok=True)
            os.chown(folder, 0 if name == "pid" else _id("postfix"), 0)
        os.chown(root / "var/spool/postfix/public", _id("postfix"), _id("postdrop"))
        for name in ("var/lib/postfix", "var/lib/postfix/data"):
            (root / name).mkdir(parents=True, exist_ok=True)
            os.chown(root / name, _id("postfix"), _id("postfix"))
        command = ["/usr/lib/postfix/sbin/master", "-d", "-c", "/etc/postfix"]
        async with _running(root, command, port) as server:
            yield server


@asynccontextmanager
async def opensmtpd(unpacked: Path, rules: str = "") -> AsyncIterator[RealServer]:
    """Run OpenSMTPD.

    Debian's cannot do TLS with the OpenSSL that it comes with, and so takes no login either.

    Args:
        unpacked: From ``Tools.mail_servers``.
        rules: More of ``smtpd.conf``.
    """
    with _own_root(unpacked) as root:
        port = _free_port()
        conf = (
            f"{rules}\n"
            'table users { "@" = "vmail" }\n'
            f"listen on 127.0.0.1 port {port} hostname mail.example.com\n"
            'action "box" maildir "/var/mail/all" virtual <users>\n'
            'match from any for domain "example.com" action "box"\n'
        )
        _write(root / "etc/smtpd.conf", conf)
        for name in ("var/spool/smtpd", "var/lib/opensmtpd/empty", "var/run"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "var/spool/smtpd").chmod(0o711)
        command = ["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"]
        async with _running(root, command, port) as server:
            yield server


@contextmanager
def _own_root(unpacked: Path) -> Iterator[Path]:
    """Make a copy of what was unpacked, beside it and out of links: it takes no time and no room."""
    root = Path(tempfile.mkdtemp(prefix="mail-server.", dir=unpacked.parent))
    try:
        shutil.copytree(unpacked, root, symlinks=True, copy_function=os.link, dirs_exist_ok=True)
        root.chmod(0o755)
        ids = [(name, _id(name)) for name in ACCOUNTS]
        accounts = (f"{name}:x:{number}:{number}::/var/mail:/bin/false\n" for name, number in ids)
        groups = (f"{name}:x:{number}:\n" for name, number in ids)
        _write(root / "etc/passwd", "root:x:0:0::/root:/bin/false\n" + "".join(accounts))
        _write(root / "etc/group", "root:x:0:\n" + "".join(groups))
        with suppress(FileExistsError):
            (root / "bin/sh").symlink_to("dash")
        for name in ("dev", "tmp", "var/mail", "var/log"):
            (root / name).mkdir(parents=True, exist_ok=True)
        os.chown(root / "var/mail", _id("vmail"), _id("vmail"))
        for name, minor in (("null", 3), ("urandom", 9)):
            os.mknod(root / "dev" / name, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


@asynccontextmanager
async def _running(root: Path, command: Sequence[str], port: int) -> AsyncIterator[RealServer]:
    with (root / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *("chroot", str(root), *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        await _listening(port, process, root)
        yield RealServer(port, root)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await process.wait()


async def _listening(port: int, process: asyncio.subprocess.Process, root: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while process.returncode is None:
            with suppress(ConnectionError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(LOOK)
    raise AssertionError((root / "output").read_text(errors="replace"))


def _set_password(root: Path, name: str, password: str) -> None:
    """Put a user into Cyrus SASL's own file, where Postfix looks."""
    program = ["chroot", str(root), "/usr/sbin/saslpasswd2", "-p", "-c", "-u", "example.com", name]
    subprocess.run(program, input=password.encode(), check=True, capture_output=True)
    os.chown(root / "etc/sasldb2", _id("postfix"), _id("postfix"))
    _write(root / "etc/postfix/sasl/smtpd.conf", SASL_CONF)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _id(account: str) -> int:
    return FIRST_ID + ACCOUNTS.index(account)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file anew; what was there may be another root's, too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
