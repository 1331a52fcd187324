import pytest

from app.language.choice import MOST_RANGES, Language, of_browser, of_terminal


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("ZH-Hant-TW", "zh"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        ("en;q=0.5, zh;q=0.7", "zh"),
        ("zh;q=0, en;q=0.1", "en"),
        ("de-DE, fr;q=0.8", "en"),
        ("de, zh;q=0.5", "zh"),
        ("*", "en"),
        ("zh;q=much", "en"),
        ("zh;q=nan", "en"),
        ("zh;q=2", "en"),
        ("zh;level=1;q=0.3", "zh"),
        (";;,,=", "en"),
        ("zhuang", "en"),
    ],
)
def test_a_page_is_chinese_if_the_browser_prefers_that_to_english(
    accepted: str, expected: str
) -> None:
    """The weights of the header decide; whatever cannot be read asks for nothing."""
    assert of_browser(accepted) == expected


def test_a_header_of_very_many_languages_is_not_read_to_its_end() -> None:
    """Who sends thousands of languages is no browser."""
    assert of_browser("de," * MOST_RANGES + "zh") is Language.ENGLISH


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "en_GB", "LC_MESSAGES": "en_GB", "LC_ALL": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": ""}, "zh"),
    ],
)
def test_a_command_speaks_the_terminals_language(environ: dict[str, str], expected: str) -> None:
    """LC_ALL goes before LC_MESSAGES, and that before LANG."""
    assert of_terminal(environ) == expected


@pytest.mark.parametrize("setting", ["en", "zh"])
def test_the_setting_goes_before_browser_and_terminal(setting: str) -> None:
    """Whoever sets a language gets it."""
    assert of_browser("zh" if setting == "en" else "en", setting) == setting
    assert of_terminal({"LANG": "zh_CN" if setting == "en" else "C"}, setting) == setting
