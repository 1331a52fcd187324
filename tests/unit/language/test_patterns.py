import time

import pytest

from app.language.patterns import MOST_LOOKS, Pattern, Sentences

TEXTS = {
    "waiting for Kafka: {error}": "正在等待 Kafka：{error}",
    "waiting for Kafka for {age} s": "等待 Kafka 已 {age} 秒",
    "Kafka did not {doing}: {error}": "Kafka 没有{doing}：{error}",
    "hand over records of {topic}": "返回 {topic} 的记录",
    "no answer in time": "没有及时应答",
    "Check the brokers.": "请检查 broker。",
    "Check that {broker} runs.": "请检查 {broker} 是否在运行。",
    "{a} of {b} were not sent": "{b} 条中有 {a} 条未发送",
    "the set {{{name}}} is empty": "集合 {{{name}}} 为空",
}
SENTENCES = Sentences(TEXTS, [text for text in TEXTS if "{" in text])


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("no answer in time", "没有及时应答"),
        ("waiting for Kafka for 12 s", "等待 Kafka 已 12 秒"),
        ("waiting for Kafka: no answer in time", "正在等待 Kafka：没有及时应答"),
        (
            "waiting for Kafka: Kafka did not hand over records of orders: no answer in time",
            "正在等待 Kafka：Kafka 没有返回 orders 的记录：没有及时应答",
        ),
        ("3 of 10 were not sent", "10 条中有 3 条未发送"),
        ("the set {x} is empty", "集合 {x} 为空"),
        ("no answer in time. Check the brokers.", "没有及时应答。请检查 broker。"),
        (
            "no answer in time. Check that kafka:9092 runs.",
            "没有及时应答。请检查 kafka:9092 是否在运行。",
        ),
        ("waiting for Kafka: Check that it: runs.", "正在等待 Kafka：请检查 it: 是否在运行。"),
        ("no answer in time; Check the brokers", "没有及时应答；请检查 broker"),
        (
            "body text: waiting for Kafka: no answer in time.",
            "body text：正在等待 Kafka：没有及时应答。",
        ),
        ("kwargs.color: no answer in time", "kwargs.color：没有及时应答"),
        ("kwargs.color: HTTP 404", "kwargs.color: HTTP 404"),
        ("waiting for Kafka: HTTP 503: busy", "正在等待 Kafka：HTTP 503: busy"),
        ("Hello there", "Hello there"),
        ("", ""),
    ],
)
def test_a_sentence_is_told_by_the_words_that_stand_still(english: str, chinese: str) -> None:
    """Values are sentences themselves, or stay as they are; so does what nobody has translated."""
    assert SENTENCES.translate(english) == chinese


def test_of_two_patterns_that_fit_the_heavier_is_meant() -> None:
    """A sentence that says more is not taken for a short one with a long value."""
    texts = {"topic {name}": "topic「{name}」", "topic {name} is away": "{name} 不在了"}
    assert Sentences(texts, texts).translate("topic orders is away") == "orders 不在了"


def test_a_pattern_does_not_fit_a_sentence_that_lacks_a_part() -> None:
    """Beginning, end and middle have to be there, in order, and may not overlap."""
    pattern = Pattern("from {a} to {b} again")
    assert pattern.values("from x to y again") == {"a": "x", "b": "y"}
    assert pattern.values("from x again") is None
    assert pattern.values("x to y again") is None
    assert pattern.values("from x to y") is None
    assert Pattern("aba{x}aba").values("abaaba") == {"x": ""}
    assert Pattern("aba{x}aba").values("ababa") is None


def test_whatever_a_text_holds_it_is_translated_in_a_bounded_time() -> None:
    """A destination's answer may be made of separators alone."""
    began = time.thread_time()
    for text in (". ; : " * 600, "waiting for Kafka: " * 200, "a. b; c: " * 400):
        assert SENTENCES.translate(text)
    assert time.thread_time() - began < 0.5
    assert MOST_LOOKS < 100
