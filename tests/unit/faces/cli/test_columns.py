from app.faces.cli.columns import pad, width_of


def test_a_chinese_character_takes_two_columns() -> None:
    """Columns stand below each other in both languages."""
    assert width_of("abc") == 3
    assert width_of("通知 worker") == 11
    assert width_of("e\u0301") == 1


def test_a_text_is_filled_up_and_never_cut() -> None:
    """Blanks go behind a text, and before a number."""
    assert pad("通知", 6) == "通知  "
    assert pad("7", 3, right=True) == "  7"
    assert pad("通知通知", 3) == "通知通知"
