"""Which targets of a deferred notification are still to be sent to."""

from collections.abc import Iterable

from msgspec.structs import replace

from app.policies.headers.deferral import Deferral
from app.policies.headers.records import TargetMark, fingerprint
from app.policies.routing import Routed
from app.values.delivery import Target

VANISHED = "this destination is no longer configured, and nothing has taken its place"


def still_to_send(routed: Routed, deferral: Deferral) -> Routed:
    """Return the deliveries of a route that are left.

    Addresses may have changed since it was deferred (a new webhook in the recipients file). If a
    target that is left is no longer there, the channel's targets that are new take its place; if
    there are none, it is unroutable.

    Args:
        routed: The notification's deliveries as of today.
        deferral: The headers of its record in the retry topic.
    """
    known = {_id(target): target for target in _targets(routed)}
    done = {mark.id for mark in deferral.delivered} | {mark.id for mark in deferral.failed}
    if deferral.left is None:
        return _only(routed, known.keys() - done, ())
    left = {mark.id for mark in deferral.left}
    fresh = {
        target_id: target.channel
        for target_id, target in known.items()
        if target_id not in left and target_id not in done
    }
    instead = {_id(each.targets[0]): each for each in reversed(routed.detours)}
    # Two addresses may have the same one instead: whoever was told by it is not told again.
    detours = [each for name, each in instead.items() if name in left - known.keys() - done]
    vanished = [mark for mark in deferral.left if mark.id not in known and mark.id not in instead]
    replaced = {mark.channel for mark in vanished} & set(fresh.values())
    wanted = left | {target_id for target_id, channel in fresh.items() if channel in replaced}
    kept = _only(routed, wanted, [mark for mark in vanished if mark.channel not in replaced])
    return replace(kept, deliveries=(*kept.deliveries, *detours)) if detours else kept


def _targets(routed: Routed) -> Iterable[Target]:
    for delivery in routed.deliveries:
        yield from delivery.targets
    for target, _ in routed.unroutable:
        yield target


def _id(target: Target) -> str:
    return fingerprint(target.channel, target.address, target.part)


def _only(routed: Routed, wanted: Iterable[str], lost: Iterable[TargetMark]) -> Routed:
    wanted = frozenset(wanted)
    deliveries = []
    for delivery in routed.deliveries:
        targets = tuple(target for target in delivery.targets if _id(target) in wanted)
        if targets:
            deliveries.append(replace(delivery, targets=targets))
    unroutable = [entry for entry in routed.unroutable if _id(entry[0]) in wanted]
    unroutable += [(Target(mark.channel, "", mark.label), VANISHED) for mark in lost]
    return Routed(tuple(deliveries), tuple(unroutable))
