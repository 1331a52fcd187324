from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.doctor.destinations import check_mail, check_operator, check_webhooks
from app.doctor.findings import Finding, Verdict
from app.settings.models import EmailSettings, Settings, WebhookSettings
from tests.support.channels import KNOWN
from tests.support.http_server import http_server
from tests.support.service import free_port
from tests.support.smtp_server import Certificates, scripted_smtp, smtp_server

LOOPBACK = (ip_network("127.0.0.0/8"),)


def mail(port: int, **more: object) -> Settings:
    """Return settings with a mail server on this machine."""
    email = {"host": "127.0.0.1", "port": port, "from_address": "n@example.com", **more}
    return Settings(email=EmailSettings.model_validate(email))


def webhook(url: str, **more: object) -> Settings:
    """Return settings with a default webhook, where this machine may be connected to."""
    hooks = WebhookSettings(default_url=SecretStr(url), allowed_networks=LOOPBACK)
    return Settings.model_validate({"webhook": hooks, **more})


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    """Return findings by what they are about."""
    return {finding.subject: finding for finding in findings}


@pytest.mark.parametrize(
    ("inbox", "taken"), [(True, "the inbox takes"), (False, "goes to the dead letters")]
)
async def test_without_a_mail_server_nothing_is_tried(inbox: bool, taken: str) -> None:
    """What becomes of e-mail then is said."""
    [finding] = await check_mail(Settings(inbox=inbox))
    assert finding.verdict is Verdict.SKIP
    assert taken in finding.text


async def test_a_login_is_tried_and_no_mail_sent() -> None:
    """STARTTLS and login happen as for a mail, and then the doctor goes."""
    certificates = Certificates()
    async with smtp_server({"user": "password"}, starttls=certificates.server) as server:
        settings = mail(server.port, username="user", password="password")
        [finding] = await check_mail(settings, certificates.client)
    assert finding.verdict is Verdict.OK
    assert finding.text == f"127.0.0.1:{server.port}, STARTTLS, logged in as user"
    assert server.logins == ["user"]
    assert server.received == []


async def test_a_server_may_want_neither_tls_nor_login() -> None:
    """That nothing is encrypted is said."""
    async with smtp_server() as server:
        [finding] = await check_mail(mail(server.port, tls="none"))
    assert finding.text == f"127.0.0.1:{server.port}, not encrypted, without a login"


async def test_a_refused_login_is_a_fault() -> None:
    """The server's answer and the settings to look at are shown, the password never."""
    refusing = (b"220 hi\r\n", b"250-mail.test\r\n250 AUTH PLAIN\r\n", b"535 5.7.8 no\r\n")
    async with scripted_smtp(*refusing) as server:
        settings = mail(server.port, username="user", password="wrong-one", tls="none")
        [finding] = await check_mail(settings)
    assert finding.verdict is Verdict.FAIL
    assert "refused the login" in finding.text
    assert "NOTIFIER_EMAIL__TLS" in finding.text
    assert "wrong-one" not in finding.text


async def test_a_mail_server_that_is_away_is_a_fault() -> None:
    """Nobody at the port is told."""
    [finding] = await check_mail(mail(free_port(), tls="none"))
    assert finding.verdict is Verdict.FAIL


async def test_the_default_webhook_is_reached() -> None:
    """Its host is connected to, nothing is sent, and the path is not shown."""
    async with http_server() as server:
        [finding] = await check_webhooks(webhook(server.url("/secret?token=1")), KNOWN)
        assert server.received == []
    assert finding == Finding(
        Verdict.OK, f"webhook host http://127.0.0.1:{server.port}", "answers at 127.0.0.1"
    )


@pytest.mark.parametrize(
    ("inbox", "taken"), [(True, "the inbox takes"), (False, "go to the dead letters")]
)
async def test_without_a_default_webhook_that_is_said(inbox: bool, taken: str) -> None:
    """What becomes of webhooks without a URL then is said."""
    [finding] = await check_webhooks(Settings(inbox=inbox), KNOWN)
    assert finding.verdict is Verdict.SKIP
    assert taken in finding.text


async def test_recipients_webhooks_are_reached_once_a_host(tmp_path: Path) -> None:
    """Every webhook host of the recipients file is looked at, and mail addresses are not."""
    async with http_server() as server:
        contacts = "\n".join(
            [
                f'      - {{type: webhook, address: "{server.url("/a")}"}}',
                f'      - {{type: discord, address: "{server.url("/api/webhooks/1/b")}"}}',
                "      - {type: email, address: a@example.com}",
            ]
        )
        path = tmp_path / "recipients.yaml"
        path.write_text(f"users:\n  a:\n    contacts:\n{contacts}\n")
        found = await check_webhooks(webhook(server.url("/default"), recipients_file=path), KNOWN)
    assert [finding.subject for finding in found] == [
        f"webhook host http://127.0.0.1:{server.port}"
    ]


async def test_one_host_that_is_away_does_not_hide_the_others(tmp_path: Path) -> None:
    """Each host has a finding of its own."""
    away = f"http://127.0.0.1:{free_port()}"
    path = tmp_path / "recipients.yaml"
    path.write_text(f'users:\n  a:\n    contacts: [{{type: webhook, address: "{away}/x"}}]\n')
    async with http_server() as server:
        found = by_subject(await check_webhooks(webhook(server.url(), recipients_file=path), KNOWN))
    assert found[f"webhook host http://127.0.0.1:{server.port}"].verdict is Verdict.OK
    assert found[f"webhook host {away}"].verdict is Verdict.FAIL
    assert "cannot connect" in found[f"webhook host {away}"].text


async def test_an_address_that_is_not_public_is_a_fault() -> None:
    """What deliveries would be refused is found before."""
    async with http_server() as server:
        hooks = WebhookSettings(default_url=SecretStr(server.url()))
        [finding] = await check_webhooks(Settings(webhook=hooks), KNOWN)
    assert finding.verdict is Verdict.FAIL
    assert "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS" in finding.text


async def test_a_default_url_no_delivery_can_use_is_a_fault() -> None:
    """The URL is held to what routing wants of one, and not quoted."""
    [finding] = await check_webhooks(
        webhook("https://discord.com/api/webhooks/1/hunter2/slack"), KNOWN
    )
    assert finding.verdict is Verdict.FAIL
    assert "NOTIFIER_WEBHOOK__DEFAULT_URL" in finding.text
    assert "hunter2" not in finding.text


async def test_a_broken_recipients_file_is_left_to_its_own_check(tmp_path: Path) -> None:
    """It is told once."""
    settings = Settings(recipients_file=tmp_path / "missing.yaml")
    assert [each.verdict for each in await check_webhooks(settings, KNOWN)] == [Verdict.SKIP]


async def test_the_operators_addresses_are_looked_at() -> None:
    """Each is said by its number and its channel; hosts are connected to, addresses not shown."""
    async with http_server() as server:
        notify = [
            server.url("/api/webhooks/1/hunter2"),
            "ops@example.com",
            "https://discord.com/api/webhooks/1/hunter2/slack",
        ]
        found = await check_operator(webhook(server.url(), operator={"notify": notify}), KNOWN)
        assert server.received == []
    assert [(each.verdict, each.subject) for each in found] == [
        (Verdict.OK, "operator's address 1"),
        (Verdict.OK, "operator's address 2"),
        (Verdict.FAIL, "operator's address 3"),
        (Verdict.OK, f"webhook host http://127.0.0.1:{server.port}"),
    ]
    assert found[0].text == "is told by discord"
    assert "hunter2" not in repr(found)


async def test_that_nobody_is_told_is_said() -> None:
    """Without an address the setting is named."""
    [finding] = await check_operator(Settings(), KNOWN)
    assert (finding.verdict, finding.subject) == (Verdict.SKIP, "operator")
    assert "NOTIFIER_OPERATOR__NOTIFY" in finding.text
