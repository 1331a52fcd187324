"""Shares: what one party may have under way while the window is half full of requests."""

from hypothesis import given
from hypothesis import strategies as st

from app.policies.limits.shares import Share, Shares

WINDOW = 1000


def fill(share: Share, now: float = 0.0) -> list[int]:
    """Begin as many requests as there is room for; at most a window of them."""
    begun: list[int] = []
    while share.room and len(begun) < WINDOW:
        begun.append(share.begin(now))
    return begun


def grown(shares: Shares, domain: str) -> Share:
    """Return the share of a party that has answered well for long."""
    share = shares.of(domain)
    for _ in range(WINDOW):
        share.end(share.begin(0.0), 0.1, failed=False)
    return share


def test_one_that_hangs_leaves_room_to_those_who_answer_and_to_other_strangers() -> None:
    """Whatever number of addresses it has: they are one party's."""
    shares = Shares(WINDOW)
    known = grown(shares, "healthy.example")
    hung = shares.of("hung.example")
    assert len(fill(hung)) == 250
    assert (known.room, shares.of("new.example").room) == (WINDOW, 250)


def test_any_number_of_strangers_have_half_of_it_together() -> None:
    """A thousand domains that never answer are a thousand parties."""
    shares = Shares(WINDOW)
    known = grown(shares, "healthy.example")
    kept = [shares.of(f"{number}.example") for number in range(WINDOW)]
    begun = sum(bool(share.room) and bool(share.begin(0.0)) for share in kept)
    assert begun == 500
    assert known.room == 875


def test_the_first_answer_makes_known() -> None:
    """From then on half of the window is there for whoever asks."""
    shares = Shares(WINDOW)
    share = shares.of("new.example")
    first, *others = fill(share)
    share.end(first, 0.1, failed=True)  # refused at once
    assert share.room == 1
    share.end(others.pop(), 0.1, failed=False)
    assert share.room == WINDOW


def test_who_answers_gets_more_but_never_all() -> None:
    """Seven eighths: somebody else's requests find room at once."""
    shares = Shares(WINDOW)
    begun = fill(grown(shares, "busy.example"))
    assert len(begun) == 875
    assert shares.of("other.example").room > 0


def test_who_hangs_gets_less_and_earns_it_back() -> None:
    """Half as much with every request that fails after long, one more with each that ends soon."""
    shares = Shares(WINDOW)
    share = grown(shares, "sick.example")
    crowd = [grown(shares, "others.example").begin(0.0) for _ in range(600)]
    assert share.room == 875
    for _ in range(10):
        share.end(share.begin(0.0), 10.0, failed=True)
    assert share.room == 62
    share.end(share.begin(20.0), 20.1, failed=True)  # refused at once: that keeps no room
    share.end(share.begin(20.0), 25.0, failed=False)  # slow, and well
    assert share.room == 64
    assert len(crowd) == 600


def test_who_answers_soon_enough_does_not_hang() -> None:
    """A share that is used up is no reason to wait for long; requests that hang are one."""
    share = Shares(WINDOW).of("new.example")
    first, second, *others = fill(share)
    assert (share.room, share.hangs(1.0), share.hangs(2.1)) == (0, False, True)
    share.end(first, 3.0, failed=True)
    assert share.hangs(3.0)  # the others will take as long
    share.end(second, 3.1, failed=False)
    assert share.hangs(3.1)
    for each in others:
        share.end(each, 3.2, failed=False)
    assert not share.hangs(100.0)


def test_a_stranger_waits_for_the_others_and_one_who_is_known_for_itself() -> None:
    """What strangers have together is kept from each of them by those that hang."""
    shares = Shares(WINDOW)
    known, new = grown(shares, "known.example"), shares.of("new.example")
    fill(shares.of("hung.example"))
    assert (known.hangs(10.0), new.hangs(1.0), new.hangs(10.0)) == (False, False, True)


def test_a_small_window_divides_nothing() -> None:
    """With room for ten there is nothing to be shared out."""
    shares = Shares(10)
    others = [shares.of("a.example").begin(0.0) for _ in range(9)]
    assert shares.of("b.example").room > 0
    assert others


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.floats(0, 20)), max_size=200))
def test_every_request_that_ends_gives_back_its_place(
    requests: list[tuple[int, bool, float]],
) -> None:
    """Whoever becomes known meanwhile, and whatever fails."""
    shares = Shares(100)
    kept = [shares.of(f"{number}.example") for number in range(6)]
    open_requests = [(kept[number], kept[number].begin(0.0), end) for number, _, end in requests]
    for (share, ticket, end), (_, failed, _) in zip(open_requests, requests, strict=True):
        share.end(ticket, end, failed=failed)
    assert (shares.active, len(shares.strangers)) == (0, 0)
    assert all(share.room >= 6 for share in kept)
