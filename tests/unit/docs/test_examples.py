"""The files of docs/examples that a service reads."""

from app.edges.recipients import load_recipients
from app.edges.templates import load_templates
from tests.support.channels import KNOWN
from tests.support.papers import TOP

EXAMPLES = TOP / "docs/examples"


def test_the_recipients_file() -> None:
    """It is taken whole, without a warning."""
    recipients = load_recipients(EXAMPLES / "recipients.yaml", KNOWN)
    assert set(recipients.users) == {"trader-001", "on-call", "on-leave"}
    assert recipients.warnings == {}


def test_the_template() -> None:
    """It says what its variables say, and leaves out the field without a value."""
    rendered = load_templates(EXAMPLES / "templates").render(
        "order_filled",
        {"code": "AAPL", "volume": 10, "price": 189.5, "account": "main", "order_id": 7},
    )
    assert rendered.title == "Order filled: AAPL"
    assert rendered.content == "10 of AAPL at 189.5"
    assert [(field.name, field.value) for field in rendered.fields] == [
        ("Account", "main"),
        ("Value", "1895.00"),
    ]
