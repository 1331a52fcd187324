from app.faces.cli.columns import label, labelled, pad, width_of
from app.language.choice import Language
from app.language.speaking import speaking


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


def test_a_label_ends_with_the_colon_of_the_language() -> None:
    """Values stand below each other in both."""
    assert label("Time", 8) == "Time:   "
    with speaking(Language.CHINESE):
        assert label("时间", 8) == "时间：  "
        assert list(labelled({"时间": "now"})) == ["  时间：          now"]
