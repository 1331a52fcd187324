"""Colours by what they say."""

import pytest

from app.policies.texts.tones import Tone, rank_of, tone_of


@pytest.mark.parametrize(
    ("color", "tone"),
    [
        (0xFF0000, Tone.RED),
        (0xE74C3C, Tone.RED),
        (0xFF0044, Tone.RED),
        (0xFF8800, Tone.ORANGE),
        (0xF1C40F, Tone.YELLOW),
        (0x2ECC71, Tone.GREEN),
        (0x3498DB, Tone.BLUE),
        (0x5865F2, Tone.BLUE),
        (0x9B59B6, Tone.PURPLE),
        (0x95A5A6, Tone.GREY),
        (0x000000, Tone.GREY),
        (0xFFFFFF, Tone.GREY),
    ],
)
def test_a_color_is_near_to_one_with_a_name(color: int, tone: Tone) -> None:
    """As people would say it, levels and directions among them."""
    assert tone_of(color) is tone


def test_the_gravest_goes_first() -> None:
    """Whatever has no colour comes last."""
    tones = [Tone.GREEN, None, Tone.ORANGE, Tone.BLUE]
    assert sorted(tones, key=rank_of) == [Tone.ORANGE, Tone.BLUE, Tone.GREEN, None]
