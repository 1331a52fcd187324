"""``notifier recipients``: who there is, and who gets what."""

from pathlib import Path

from tests.support.commands import run_here

RECIPIENTS = """
users:
  trader-001:
    name: Day trader
    contacts:
      - {type: webhook, address: "https://hooks.example/in/very-secret", primary: true}
      - {type: email, address: trader@example.com}
  quiet-one: {active: false, contacts: [{type: email, address: quiet@example.com}]}
groups:
  traders: {uuid: group-456, name: Traders, members: [trader-001, quiet-one]}
"""


async def test_recipients_are_shown_without_their_secrets(tmp_path: Path) -> None:
    """Who there is, and who gets what is for a user or a group."""
    path = tmp_path / "recipients.yaml"
    path.write_text(RECIPIENTS, encoding="utf-8")
    settings = {"NOTIFIER_RECIPIENTS_FILE": str(path)}

    async def recipients(*arguments: str) -> tuple[int, str, str]:
        return await run_here(tmp_path, settings, "recipients", *arguments)

    _, listed, _ = await recipients()
    assert listed.splitlines() == [
        "user   trader-001 (Day trader): webhook, email",
        "user   quiet-one: email  (inactive: gets nothing)",
        "group  traders (Traders): trader-001, quiet-one",
    ]
    for name in ("traders", "group-456", "Traders"):
        status, shown, _ = await recipients("show", name)
        assert status == 0
        assert "very-secret" not in shown
        assert "email    trader@example.com  only if its channel is named" in shown
        assert "quiet-one  (inactive: gets nothing)" in shown
    status, _, err = await recipients("show", "nobody")
    assert (status, "neither a user nor a group" in err) == (1, True)
    unset = await run_here(tmp_path, {}, "recipients")
    assert (unset[0], "NOTIFIER_RECIPIENTS_FILE" in unset[2]) == (1, True)
