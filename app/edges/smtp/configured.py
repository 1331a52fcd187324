"""The mail server that the settings name."""

from app.edges.smtp.connection import MailServer
from app.settings.models import EmailSettings


def configured_mail_server(email: EmailSettings) -> MailServer | None:
    """Return the mail server of the settings, or None where they name none."""
    if email.host is None or email.from_address is None:
        return None
    return MailServer(
        host=email.host,
        port=email.port,
        from_address=email.from_address,
        tls=email.tls,
        username=email.username,
        password=email.password.get_secret_value() if email.password else None,
        timeout=email.timeout,
        helo_name=email.helo_name,
    )
