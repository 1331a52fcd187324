"""What is left of a deferred notification, also when addresses have changed meanwhile."""

import pytest

from app.policies.books.resuming import VANISHED, still_to_send
from app.policies.headers.deferral import Deferral, FailedMark
from app.policies.headers.records import TargetMark, mark_of
from app.policies.routing import Routed
from app.values.delivery import Delivery, Destination, Target
from app.values.outcome import Reason
from tests.support.engine import notification

TOLD = notification()


def hook(name: str) -> Target:
    """Return a webhook target."""
    return Target("webhook", f"https://hooks.example/{name}", name)


def mail(name: str) -> Target:
    """Return a mail target."""
    return Target("email", f"{name}@example.com", name)


def routed(*groups: tuple[Target, ...], unroutable: tuple[Target, ...] = ()) -> Routed:
    """Return a route with one delivery for each group of targets."""
    return Routed(
        tuple(
            Delivery(TOLD, Destination(group[0].channel, group[0].address, "x"), group, "s", b"d")
            for group in groups
        ),
        tuple((target, "no address") for target in unroutable),
    )


def failed(target: Target) -> FailedMark:
    """Return a target that was given up before."""
    mark = mark_of(target)
    return FailedMark(mark.channel, mark.label, mark.id, Reason.REJECTED, "no")


def left(*targets: Target, **more: object) -> Deferral:
    """Return a deferral with these targets left."""
    return Deferral(left=tuple(map(mark_of, targets)), **more)  # type: ignore[arg-type]


def names(route: Routed) -> list[str]:
    """Return what is sent to, by label."""
    return [target.label for delivery in route.deliveries for target in delivery.targets]


def test_only_what_is_left_is_sent() -> None:
    """Of a mail to three, the one recipient that has no answer yet."""
    route = routed((hook("a"),), (mail("b"), mail("c"), mail("d")))
    deferral = left(mail("c"), delivered=(mark_of(hook("a")), mark_of(mail("b"))))
    assert names(still_to_send(route, deferral)) == ["c"]


def test_without_a_list_everything_is_sent_that_is_not_done() -> None:
    """A replay of a record that could not be parsed knows no targets."""
    route = routed((hook("a"),), (hook("b"),), (hook("c"),))
    deferral = Deferral(delivered=(mark_of(hook("a")),), failed=(failed(hook("b")),))
    assert names(still_to_send(route, deferral)) == ["c"]


def test_a_new_address_takes_the_place_of_one_that_vanished() -> None:
    """A webhook whose token was changed is found again, and nobody gets it twice."""
    route = routed((hook("new"),), (hook("had it"),), (mail("other"),))
    deferral = left(hook("old"), delivered=(mark_of(hook("had it")),))
    resumed = still_to_send(route, deferral)
    assert names(resumed) == ["new"]
    assert resumed.unroutable == ()


def test_a_vanished_address_without_successor_is_unroutable() -> None:
    """It is not dropped in silence."""
    resumed = still_to_send(routed((mail("a"),)), left(hook("old"), mail("a")))
    assert names(resumed) == ["a"]
    ((target, error),) = resumed.unroutable
    assert (target.channel, target.label, error) == ("webhook", "old", VANISHED)


def test_new_addresses_get_nothing_while_all_that_is_left_is_there() -> None:
    """Who was added since was not meant."""
    assert names(still_to_send(routed((hook("a"),), (hook("b"),)), left(hook("a")))) == ["a"]


@pytest.mark.parametrize("wanted", [True, False])
def test_what_cannot_be_routed_fails_only_where_it_is_left(wanted: bool) -> None:
    """A target that was given up before is not given up again."""
    broken = Target("webhook", "", "webhook")
    route = routed((hook("a"),), unroutable=(broken,))
    deferral = left(hook("a"), broken) if wanted else left(hook("a"), failed=(failed(broken),))
    assert bool(still_to_send(route, deferral).unroutable) is wanted


def test_marks_alone_are_enough() -> None:
    """Headers hold no addresses."""
    assert "hooks.example" not in str(left(hook("a")))
    assert isinstance(left(hook("a")).left, tuple)
    assert TargetMark("webhook", "a", mark_of(hook("a")).id) == mark_of(hook("a"))


def test_who_is_told_instead_is_told_if_the_record_says_so() -> None:
    """By nobody else's word; once, whoever named them; and not if they were told already."""
    route = routed((hook("a"),), (hook("b"),))
    detour = routed((mail("m"),)).deliveries
    with_detours = Routed(route.deliveries, (), (*detour, *detour))
    assert names(still_to_send(with_detours, Deferral())) == ["a", "b"]
    assert names(still_to_send(with_detours, left(hook("b"), mail("m")))) == ["b", "m"]
    told = left(mail("m"), delivered=(mark_of(mail("m")),))
    assert still_to_send(with_detours, told) == Routed((), ())
    gone = still_to_send(with_detours, left(mail("n")))
    assert [error for _, error in gone.unroutable] == [VANISHED]
