from pydantic import SecretStr

from app.configured import mail_server_of
from app.settings.models import EmailSettings


def test_without_a_host_there_is_no_mail_server() -> None:
    """The defaults name none."""
    assert mail_server_of(EmailSettings()) is None


def test_every_setting_reaches_the_mail_server() -> None:
    """Host, port, encryption, login, sender and time-out are the settings' own."""
    server = mail_server_of(
        EmailSettings(
            host="mail.example",
            port=465,
            username="user",
            password=SecretStr("password"),
            tls="implicit",
            from_address="Notifier <n@example>",
            timeout=7,
            helo_name="notifier.example",
        )
    )
    assert server is not None
    assert (server.host, server.port, server.tls) == ("mail.example", 465, "implicit")
    assert (server.username, server.password, server.timeout) == ("user", "password", 7)
    assert server.from_address == "Notifier <n@example>"
    assert server.helo_name == "notifier.example"


def test_a_mail_server_may_want_no_login() -> None:
    """Without a user name there is no password either."""
    server = mail_server_of(EmailSettings(host="mail.example", from_address="n@example"))
    assert server is not None
    assert server.password is None
