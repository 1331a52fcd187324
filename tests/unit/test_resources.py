from app.resources import templates_directory


def test_templates_are_found() -> None:
    """The message templates lie below, wherever the package does."""
    assert (templates_directory() / "messages" / "trading_signal.txt.j2").is_file()
