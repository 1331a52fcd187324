"""What is sent to the service under measure."""

from tests.bounds import corpus
from tests.bounds.destinations import drawn_destinations

SIZE = 10_000


def test_the_same_number_draws_the_same_records() -> None:
    """Another one draws others; what failed once can be sent again."""
    first, again, other = (dict(corpus.drawn_records(SIZE, 6, number)) for number in (1, 1, 2))
    assert first == again
    assert first != other
    assert max(map(len, first.values())) > SIZE / 2


def test_every_record_is_about_as_large_as_it_is_to_be() -> None:
    """None is small by mistake, and there are many."""
    sizes = {name: len(record) for name, record in corpus.records(100_000)}
    assert len(sizes) > 80
    assert all(size < 400_000 for size in sizes.values())
    assert sum(size > 40_000 for size in sizes.values()) > 0.9 * len(sizes)
    assert len(corpus.ordinary(1, 60_000)) > 50_000


def test_hypothesis_draws_answers_too() -> None:
    """Each has its name."""
    names = [name for name, _ in drawn_destinations(5, 0)]
    assert len(set(names)) == len(names) > 0
