import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.mail.routing import AT_ONCE, MOST_DELIVERIES, Addressed, MailRoute, route_mail
from app.values.delivery import Heading


def who(route: MailRoute) -> list[list[str]]:
    """Return the addresses of each delivery."""
    return [[target.address for target in targets] for targets, _ in route.parts]


def headings(route: MailRoute) -> list[Heading]:
    """Return what the headers of each delivery say."""
    return [heading for _, heading in route.parts]


def test_the_producers_list_stays_as_it_was_written() -> None:
    """One mail; all see who is in To and Cc, by name, and nobody sees who is in Bcc."""
    route = route_mail(
        "email",
        Addressed(["Jane Doe <a@x>", "B@X"], ["Sales <c@x>", "a@X"], ["d@x", "c@x", "nobody"]),
    )
    assert who(route) == [["a@x", "B@x", "c@x", "d@x"]]
    names = {"a@x": "Jane Doe", "c@x": "Sales"}
    assert headings(route) == [Heading(("a@x", "B@x"), ("c@x",), names)]
    assert route.unusable == [("nobody", "not a mail address")]


def test_who_is_to_be_kept_apart_sees_only_themselves() -> None:
    """A mail each; who the producer copied is seen by all, and gets one mail."""
    route = route_mail("email", Addressed(["a@x", "b@x"], ["c@x"], ["d@x"], apart=True))
    assert who(route) == [["a@x"], ["b@x"], ["c@x", "d@x"]]
    apart = Heading((), ("c@x",), {}, apart=True)
    assert headings(route) == [apart, apart, Heading((), ("c@x",), {})]


def test_a_single_recipient_has_nobody_to_be_kept_apart_from() -> None:
    """An ordinary mail, copies and all."""
    route = route_mail("email", Addressed(["a@x", "A@x"][:1], ["c@x"], apart=True))
    assert headings(route) == [Heading(("a@x",), ("c@x",))]


def test_many_recipients_are_several_deliveries_of_one_mail() -> None:
    """Each of them sees all, as the producer wrote it."""
    to = [f"user{number}@example.com" for number in range(2 * AT_ONCE + 1)]
    route = route_mail("email", Addressed(to))
    assert [len(each) for each in who(route)] == [AT_ONCE, AT_ONCE, 1]
    assert set(headings(route)[0].to) == set(to)
    assert len({id(heading) for heading in headings(route)}) == 1


def test_headers_that_no_server_takes_hold_those_of_a_delivery() -> None:
    """A mail with 70,000 addresses in To is one that nobody gets."""
    to = [f"t{number}@b.c" for number in range(70_000)]
    route = route_mail("email", Addressed(to, ["c1@b.c", "c2@b.c"], ["d@b.c"]))
    assert [address for each in who(route) for address in each] == [
        *to,
        "c1@b.c",
        "c2@b.c",
        "d@b.c",
    ]
    first, *_, last = headings(route)
    assert first == Heading(tuple(to[:AT_ONCE]), (), {}, part="t0@b.c")
    assert last == Heading((), ("c1@b.c", "c2@b.c"), {}, part="c1@b.c")
    assert len({heading.part for heading in headings(route)}) == len(route.parts)


@pytest.mark.parametrize("apart", [False, True])
def test_the_number_of_deliveries_is_bounded(apart: bool) -> None:
    """However many recipients a record names."""
    route = route_mail(
        "email", Addressed([f"a{number}@b.c" for number in range(150_001)], apart=apart)
    )
    assert len(route.parts) <= MOST_DELIVERIES
    assert sum(map(len, who(route))) == 150_001


ENTRIES = st.lists(
    st.sampled_from(["a@x", "A@X", "b@x", "B <b@x>", "c@x", "nobody", "d@faß.example"])
)


@given(ENTRIES, ENTRIES, ENTRIES, st.booleans())
def test_everybody_gets_it_once(to: list[str], cc: list[str], bcc: list[str], apart: bool) -> None:
    """And no blind copy is ever seen."""
    route = route_mail("email", Addressed(to, cc, bcc, apart=apart))
    reached = [address for each in who(route) for address in each]
    assert len(set(reached)) == len(reached)
    assert all(who(route))
    assert len(route.unusable) == (to + cc + bcc).count("nobody")
    seen = {address for heading in headings(route) for address in (*heading.to, *heading.cc)}
    hidden = {address for heading in headings(route) if heading.apart for address in heading.to}
    assert not hidden
    assert seen <= set(reached)
