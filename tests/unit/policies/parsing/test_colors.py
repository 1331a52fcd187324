import pytest

from app.policies.parsing.colors import (
    BLUE,
    DIRECTIONS,
    LEVELS,
    direction_color,
    level_color,
    read_color,
)


@pytest.mark.parametrize(
    ("written", "color"),
    [
        (0, 0),
        (0xFFFFFF, 0xFFFFFF),
        ("#00ff7F", 0x00FF7F),
        (" 0xFF0000 ", 0xFF0000),
        ("0Xff", 0xFF),
        ("5793266", 5793266),
        (5793266.0, 5793266),
    ],
)
def test_colours_are_read(written: object, color: int) -> None:
    """As numbers and as producers write them."""
    assert read_color(written) == color


@pytest.mark.parametrize(
    "written",
    [
        -1,
        16777216,
        34886848,
        1.5,
        1e300,
        True,
        [],
        {},
        "",
        "#fff",
        "#1234567",
        "red",
        "16777216",
        "٣",
    ],
)
def test_what_is_no_colour_is_refused(written: object) -> None:
    """Discord would refuse the whole message for it."""
    with pytest.raises(ValueError, match="expected a colour"):
        read_color(written)


def test_directions_and_levels_have_colours() -> None:
    """In any case of letters, and unknown ones too."""
    assert direction_color("long") == DIRECTIONS["LONG"]
    assert direction_color("sideways") == DIRECTIONS["VOID"]
    assert level_color("Error") == LEVELS["ERROR"]
    assert level_color(None) == BLUE
