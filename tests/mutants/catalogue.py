"""The mutants: one change each, and the tests that have to go red."""

from dataclasses import dataclass

WORKER = "tests/unit/engine/test_worker.py"
DEFERRING = "tests/unit/engine/test_deferring.py"
LANE = "tests/unit/engine/lanes/test_lane.py"
PARKING = "tests/unit/engine/group/test_parking.py"
REDACTION = "tests/unit/policies/redaction/test_redaction.py"
POOL = "tests/unit/edges/smtp/test_pool.py"
READING = "tests/unit/engine/test_reading.py"
SETTLEMENT = "tests/unit/engine/test_settlement.py"
TRANSITIONS = "tests/unit/engine/inflight/test_transitions.py"
GROUP_START = "tests/unit/engine/group/test_group_start.py"
BEGINNINGS = "tests/unit/policies/books/test_beginnings.py"
POSITIONS = "tests/unit/engine/cluster/test_positions.py"
SAMPLING = "tests/unit/engine/cluster/test_sampling.py"


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        name: What it does wrong.
        path: Below the top of the project.
        old: Stands there exactly once.
        new: Stands there instead.
        tests: Of which at least one has to fail.
    """

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "commit the highest offset seen",
        "app/policies/books/ledger.py",
        "        for offset in self._unsettled:\n            return offset\n",
        "        if self._unsettled:\n            return position\n",
        ("tests/unit/policies/books/test_ledger.py", WORKER),
    ),
    Mutant(
        "commit on cancellation",
        "app/engine/lanes/lane.py",
        "            for job in request.batch:\n                abandon(job)\n",
        "            for job in request.batch:\n                finish(job)\n"
        "                self._endings.done(job)\n",
        (LANE, WORKER),
    ),
    Mutant(
        "no fence at a revoke",
        "app/engine/group/session.py",
        "            if partitions:\n"
        "                await self.committer.fence(LAST_COMMIT_TIMEOUT)\n",
        "",
        ("tests/unit/engine/group/test_session.py",),
    ),
    Mutant(
        "settle before the dead letter is acknowledged",
        "app/engine/settlement.py",
        "            transitions.leave(item)\n",
        "            self._settle(item, assigned)\n",
        (SETTLEMENT,),
    ),
    Mutant(
        "drop the result of a merged request",
        "app/engine/lanes/answers.py",
        "for job, outcomes, notes in zip(batch, answer.outcomes, all_notes, strict=True):",
        "for job, outcomes, notes in zip(batch[:1], answer.outcomes, all_notes, strict=False):",
        (LANE,),
    ),
    Mutant(
        "retry delivered targets",
        "app/engine/lanes/answers.py",
        "if len(left.targets) < len(job.delivery.targets):",
        "if not left.targets:",
        (LANE,),
    ),
    Mutant(
        "take a deferred record before it is due",
        "app/engine/group/intake.py",
        "if self._due_in(assigned, record.offset, record.timestamp) > 0:",
        "if self._due_in(assigned, record.offset, record.timestamp) > 1e9:",
        (DEFERRING,),
    ),
    Mutant(
        "compare records from retry topics with the repeats memory",
        "app/engine/admission.py",
        "return told is not None and told.message_id is not None and item.before is None",
        "return told is not None and told.message_id is not None",
        ("tests/unit/engine/control/test_replay.py",),
    ),
    Mutant(
        "commit nothing before the first admission with latest",
        "app/engine/group/group_start.py",
        "await offsets.commit(wanted.group_id, commits_of(starts))",
        "starts.clear()",
        (GROUP_START,),
    ),
    Mutant(
        "commit nothing for a partition that was added",
        "app/engine/group/session.py",
        "            if fresh:\n",
        "            if fresh and self._leaving:\n",
        ("tests/unit/engine/group/test_session.py",),
    ),
    Mutant(
        "call settled in the metadata what is not",
        "app/policies/books/ledger.py",
        "unsettled = [each for each in self._unsettled if each < mark]",
        "unsettled = [each for each in self._unsettled if each > mark]",
        ("tests/unit/policies/books/test_ledger.py",),
    ),
    Mutant(
        "send a deferred notification to all its targets again",
        "app/engine/reading.py",
        "return routed if item.before is None else still_to_send(routed, item.before)",
        "return routed",
        (DEFERRING,),
    ),
    Mutant(
        "mark a dead letter as replayed before it is",
        "app/engine/control/replay.py",
        "        await self._producer.send(self._retry_topic, record.key, record.value, headers)\n"
        "        await self._mark(record)\n",
        "        await self._mark(record)\n"
        "        await self._producer.send(self._retry_topic, record.key, record.value, headers)\n",
        ("tests/unit/engine/control/test_replay.py",),
    ),
    Mutant(
        "believe a producer about where its record comes from",
        "app/engine/inflight/item.py",
        "return origin_of(self.record) if self.deferred_before else here(self.record)",
        "return origin_of(self.record)",
        ("tests/unit/engine/control/test_replay.py",),
    ),
    Mutant(
        "tell doubles among the dead letters by their origin alone",
        "app/policies/service/replaying.py",
        'record.value or dict(record.headers).get(VALUE_SHA256) or b""',
        'dict(record.headers).get(VALUE_SHA256) or b""',
        ("tests/unit/policies/service/test_replaying.py",),
    ),
    Mutant(
        "send what another service of the group deferred",
        "app/engine/admission.py",
        "            if item.origin.topic not in self._ours:\n",
        "            if not self._ours:\n",
        (PARKING,),
    ),
    Mutant(
        "settle what can neither be delivered nor put aside",
        "app/engine/settlement.py",
        "        assigned.park(park(item, Why.TOO_LARGE, until, before))\n",
        "        assigned.settle(item)\n",
        (PARKING,),
    ),
    Mutant(
        "hold on to the bytes of what is parked",
        "app/engine/settlement.py",
        "        transitions.park(item)\n        self._on_settled(item, None)\n",
        "        transitions.park(item)\n",
        (PARKING,),
    ),
    Mutant(
        "let this machine's clock say what is due",
        "app/engine/clock.py",
        "return self._brokers.now(self.now(), self.monotonic())",
        "return self.now()",
        (DEFERRING,),
    ),
    Mutant(
        "believe clocks that cannot be right",
        "app/policies/limits/due_times.py",
        "return by_clock if earliest <= by_clock <= latest else latest",
        "return by_clock",
        ("tests/unit/policies/limits/test_due_times.py", DEFERRING),
    ),
    Mutant(
        "settle what was taken away",
        "app/engine/settlement.py",
        "        if assigned is None:\n            return  #",
        "        if item is None:\n            return  #",
        (SETTLEMENT,),
    ),
    Mutant(
        "let a channel's fault end the session",
        "app/engine/lanes/lane.py",
        "        except Exception as error:  # noqa: BLE001 - whatever a channel trips over\n",
        "        except ZeroDivisionError as error:\n",
        ("tests/unit/engine/lanes/test_lane_faults.py",),
    ),
    Mutant(
        "send again what was accepted when it cannot be written down",
        "app/engine/lanes/outcomes.py",
        "left = tuple(target for target in job.delivery.targets if target not in decided)",
        "left = job.delivery.targets",
        ("tests/unit/engine/lanes/test_lane_faults.py",),
    ),
    Mutant(
        "send a log that lost its end again",
        "app/engine/cluster/positions.py",
        "        elif assigned.topic_id is None:\n",
        "        elif assigned.topic_id is not None:\n",
        (POSITIONS,),
    ),
    Mutant(
        "keep the position in a topic that was made anew",
        "app/engine/cluster/positions.py",
        "elif topic_id is not None and topic_id != assigned.topic_id:",
        "elif topic_id is not None and topic_id == assigned.topic_id is None:",
        (POSITIONS,),
    ),
    Mutant(
        "take and commit after a standstill without a look at the topics",
        "app/engine/cluster/positions.py",
        "            self._stood_still = True\n",
        "            self._stood_still = False\n",
        (POSITIONS,),
    ),
    Mutant(
        "believe the commit of another topic of the same name",
        "app/policies/books/beginnings.py",
        "        if are_different(committed.topic_id, topic_id):\n",
        "        if are_different(committed.topic_id, committed.topic_id):\n",
        (BEGINNINGS,),
    ),
    Mutant(
        "leave a commit behind the end that a log has lost",
        "app/policies/books/ledger.py",
        "        self._acknowledged = Commit(min(self._acknowledged.offset, end))\n",
        "",
        ("tests/unit/policies/books/test_ledger.py", POSITIONS),
    ),
    Mutant(
        "count an open transaction as no lag",
        "app/engine/inflight/partition.py",
        "        end = None if self.end is None else max(self.end, self.position, committed)\n",
        "        end = self.end if self.readable_end is None else self.readable_end\n",
        ("tests/unit/engine/inflight/test_partition.py",),
    ),
    Mutant(
        "defer what has a lifetime that cannot be read",
        "app/engine/lanes/outcomes.py",
        "        elif seconds > AT_ONCE and job.delivery.notification.once:\n",
        "        elif seconds < AT_ONCE and job.delivery.notification.once:\n",
        (DEFERRING,),
    ),
    Mutant(
        "let a decoration cost the notification",
        "app/policies/parsing/fitting.py",
        "if field.required or _decides(field.type):",
        "if field.required or not _decides(field.type):",
        ("tests/unit/policies/parsing/test_fitting.py",),
    ),
    Mutant(
        "let what is behind in a chat overtake what failed",
        "app/engine/inflight/item.py",
        "        return self.item.record.partition",
        "        return None",
        ("tests/unit/engine/lanes/test_lane.py",),
    ),
    Mutant(
        "reject what a destination that lets nobody in turns away",
        "app/engine/lanes/outcomes.py",
        "if left.denied and lets_others_in and item.attempts >= policy.max_attempts:",
        "if left.denied:",
        ("tests/unit/engine/lanes/test_lane.py",),
    ),
    Mutant(
        "take one notification's refusals for the destination's",
        "app/policies/limits/breaker.py",
        "self._turned_away.add(about)",
        "self._turned_away.add(str(now).encode())",
        ("tests/unit/engine/lanes/test_lane.py",),
    ),
    Mutant(
        "let one party have the whole window under way",
        "app/engine/lanes/lane.py",
        "        return min(room, share)\n",
        "        return room\n",
        ("tests/unit/engine/lanes/test_dispatch.py",),
    ),
    Mutant(
        "put aside the backlog of a party that answers",
        "app/engine/lanes/lane.py",
        "self._held_back and self._share.hangs(now)",
        "self._held_back",
        ("tests/unit/engine/lanes/test_dispatch.py",),
    ),
    Mutant(
        "let one domain have every lookup",
        "app/edges/lookups.py",
        " and self._under_way.get(domain, 0) < MOST_OF_A_DOMAIN",
        "",
        ("tests/unit/edges/test_lookups.py",),
    ),
    Mutant(
        "render a part again for every choice",
        "app/edges/channels/rendering.py",
        "        if known is not None:\n",
        "        if known is not None and not known:\n",
        ("tests/unit/edges/channels/test_rendering.py",),
    ),
    Mutant(
        "let a refused partition be asked for with the others",
        "app/edges/kafka/fetch_watch.py",
        "        self._consumer.pause(Theirs(*partition))\n        if partition in self._asking:",
        "        if partition in self._asking:",
        ("tests/unit/edges/kafka/test_fetch_watch.py",),
    ),
    Mutant(
        "wait for ever for brokers that have moved",
        "app/engine/group/session.py",
        "            if silent >= self._patience:\n                break\n",
        "",
        ("tests/unit/engine/group/test_session.py",),
    ),
    Mutant(
        "keep a producer whose brokers have moved",
        "app/edges/kafka/producer.py",
        "        if client.silent_for() >= self._patience:",
        "        if client.silent_for() < 0.0:",
        ("tests/unit/edges/kafka/test_producer.py",),
    ),
    Mutant(
        "give back the numbers of a batch that may be in the log",
        "app/edges/kafka/producer_batches.py",
        "            if self.retry_count == 1 and gone:",
        "            if gone:",
        ("tests/unit/edges/kafka/test_producer.py",),
    ),
    Mutant(
        "take what is too large together for too large by itself",
        "app/edges/kafka/producer_batches.py",
        "        if parted and isinstance(exception, TOO_LARGE):",
        "        if False:",
        ("tests/unit/edges/kafka/test_producer.py",),
    ),
    Mutant(
        "let a commit that hangs hold up a revoke",
        "app/engine/group/commit.py",
        "        if self._turn is not None:\n",
        "        if False:\n",
        ("tests/unit/engine/group/test_commit.py",),
    ),
    Mutant(
        "use a broker of another cluster",
        "app/edges/kafka/identity.py",
        "        self._strangers[address] = cluster_id, time.monotonic()\n        return False",
        "        return True",
        ("tests/unit/edges/kafka/test_client.py",),
    ),
    Mutant(
        "read a partition that was there at first from its start",
        "app/policies/books/beginnings.py",
        "partition.partition >= visit.partitions else",
        "partition.partition >= 0 else",
        (BEGINNINGS,),
    ),
    Mutant(
        "send again what Kafka forgot and the control topic knows",
        "app/policies/books/beginnings.py",
        "    if kept is not None:\n",
        "    if kept is None and deferred is None:\n",
        (BEGINNINGS,),
    ),
    Mutant(
        "restore the commits of another topic",
        "app/policies/books/beginnings.py",
        "    if are_different(kept.topic_id, topic_id):\n        return FromStart(Why.RECREATED)\n",
        "",
        (BEGINNINGS,),
    ),
    Mutant(
        "begin anew at once although the group was here",
        "app/engine/group/group_start.py",
        "                await self._warn()\n",
        "                pass\n",
        (GROUP_START,),
    ),
    Mutant(
        "write down the last commits never",
        "app/engine/group/saving.py",
        "            await self.write(entries)\n",
        "            pass\n",
        ("tests/unit/engine/group/test_saving.py",),
    ),
    Mutant(
        "send to the shared destination what is meant for one person",
        "app/policies/routing.py",
        "        if request.recipient is not None:\n            self._refuse(",
        "        if request.recipient is not None and not defaults:\n            self._refuse(",
        ("tests/unit/policies/test_routing.py",),
    ),
    Mutant(
        "tell users who are inactive",
        "app/policies/parsing/addressing.py",
        "(user,) if user.active else ()",
        "(user,)",
        ("tests/unit/policies/parsing/test_addressing.py",),
    ),
    Mutant(
        "expire what was taken in time",
        "app/engine/reading.py",
        "if item.before is not None or not self._default_ttl:",
        "if not self._default_ttl:",
        (DEFERRING,),
    ),
    Mutant(
        "take one request of two for the other",
        "app/policies/headers/records.py",
        '(f"\\0{part}" if part else "")',
        '""',
        ("tests/unit/policies/test_routing.py",),
    ),
    Mutant(
        "make a topic by asking about it",
        "app/edges/kafka/quiet_metadata.py",
        "allow_auto_topic_creation=False",
        "allow_auto_topic_creation=True",
        ("tests/unit/edges/kafka/test_quiet_metadata.py",),
    ),
    Mutant(
        "take records before dead letters can be written",
        "app/engine/cluster/topics.py",
        "            await cluster.prove_writable([topic.name for topic in own])\n",
        "",
        ("tests/unit/engine/cluster/test_topics.py",),
    ),
    Mutant(
        "leave an own topic deleted",
        "app/engine/cluster/topics.py",
        "            await cluster.create(own, wanted.replication_factor)\n            await self._mend",
        "            await self._mend",
        ("tests/unit/engine/cluster/test_topics.py",),
    ),
    Mutant(
        "leave wrong settings of an own topic",
        "app/engine/cluster/topics.py",
        "        refused = await cluster.alter(altered) if altered else {}\n",
        "        refused: dict[str, str] = {}\n",
        ("tests/unit/engine/cluster/test_topics.py",),
    ),
    Mutant(
        "take a consumed topic that is gone for an empty one",
        "app/engine/cluster/topics.py",
        "            stops_work=True,\n        )\n\n    async def _mend",
        "            stops_work=False,\n        )\n\n    async def _mend",
        ("tests/unit/engine/cluster/test_topics.py",),
    ),
    Mutant(
        "keep dead letters as long as the brokers like",
        "app/policies/service/own_topics.py",
        '            kept | {"retention.ms": int(dead_letter_retention * 1000)},',
        "            kept,",
        ("tests/unit/engine/cluster/test_topics.py",),
    ),
    Mutant(
        "raise no limit that is too low",
        "app/policies/service/own_topics.py",
        "    return least < 0 or (wanted >= 0 and least >= wanted)",
        "    return True",
        ("tests/unit/engine/cluster/test_topics.py",),
    ),
    Mutant(
        "let a webhook reach the own control plane",
        "app/edges/guard.py",
        "        if self._own.covers(host, port):",
        "        if self._own.covers(host, port + 1):",
        ("tests/unit/edges/test_guard.py",),
    ),
    Mutant(
        "take a proxy's requests for this machine's",
        "app/policies/service/access.py",
        "    if caller.is_forwarded:\n",
        "    if caller.is_forwarded and caller.client is None:\n",
        ("tests/unit/policies/service/test_access.py",),
    ),
    Mutant(
        "show a login in base64",
        "app/policies/redaction/known.py",
        "        for core in self._base64:\n",
        "        for core in self._base64[:0]:\n",
        (REDACTION,),
    ),
    Mutant(
        "look for secrets in nothing but plain text",
        "app/policies/redaction/views.py",
        "        view = view.decoded()\n",
        "        view = None\n",
        (REDACTION,),
    ),
    Mutant(
        "let everybody guess as fast as they can",
        "app/policies/service/guessing.py",
        "        return Verdict(DELAY if too_many else 0.0, is_news, source)",
        "        return Verdict(0.0, is_news, source)",
        ("tests/unit/policies/service/test_guessing.py",),
    ),
    Mutant(
        "do again what was settled here and not committed",
        "app/engine/admission.py",
        "            case Done() if leftover.digest == _digest(record):",
        "            case Done() if not leftover.digest:",
        ("tests/unit/engine/group/test_session.py",),
    ),
    Mutant(
        "be ready although the group gives nothing",
        "app/engine/group/share.py",
        "        self.starved = nothing\n",
        "",
        ("tests/unit/engine/group/test_share.py",),
    ),
    Mutant(
        "take heavy records of a partition that went while they were read",
        "app/engine/group/intake.py",
        "ours = [each for each in records if self._assignment.has(held[each.partition])]",
        "ours = list(records)",
        (READING,),
    ),
    Mutant(
        "read heavy records in the event loop",
        "app/engine/reading.py",
        "await asyncio.to_thread(self._read, item)",
        "self._read(item)",
        (READING,),
    ),
    Mutant(
        "unpack what may be gigabytes",
        "app/edges/kafka/record_batch.py",
        "    if unpacks_to(batch) > MOST:\n"
        "        return _unreadable(partition, position, batch, next_offset, _TOO_MUCH)\n",
        "",
        ("tests/unit/edges/kafka/test_heavy_batches.py",),
    ),
    Mutant(
        "let aiokafka unpack heavy batches on the event loop",
        "app/edges/kafka/heavy_batches.py",
        "            return data[: batch.start] or data[:_HEAD]\n",
        "            return data\n",
        ("tests/unit/edges/kafka/test_heavy_batches.py",),
    ),
    Mutant(
        "let a console that nobody reads hold up the loop",
        "app/edges/channels/console/channel.py",
        "text = await self._aside.run(write)",
        "text = write()",
        ("tests/unit/edges/channels/console",),
    ),
    Mutant(
        "make values without number of one record",
        "app/policies/parsing/json_text.py",
        "        if count > MOST_VALUES:\n",
        "        if count < 0:\n",
        ("tests/unit/policies/parsing/test_json_text.py",),
    ),
    Mutant(
        "keep quiet about who lets nothing in",
        "app/engine/worker.py",
        '        self._conditions.replace("denied", self._dispatcher.denied())\n',
        "",
        (WORKER,),
    ),
    Mutant(
        "give a mail up because its session is used up",
        "app/edges/smtp/transaction.py",
        "kind = SmtpError if self._fresh else SessionRefusedError",
        "kind = SmtpError",
        (POOL,),
    ),
    Mutant(
        "take the mailbox to be full where there are too many recipients",
        "app/edges/smtp/transaction.py",
        "elif accepted and says_too_many_recipients(reply):",
        "elif not accepted and says_too_many_recipients(reply):",
        (POOL,),
    ),
    Mutant(
        "name more recipients at once than every server takes",
        "app/edges/smtp/pool.py",
        "group = list(islice(left, self._most_recipients))",
        "group = list(left)",
        (POOL,),
    ),
    Mutant(
        "try a wrong password again at once",
        "app/edges/smtp/pool.py",
        "if self._pauses.wait(self._now()) > 0:",
        "if self._pauses.wait(self._now()) > 1e9:",
        ("tests/unit/edges/smtp/test_login.py",),
    ),
    Mutant(
        "show a refused password to the next mechanism",
        "app/edges/smtp/login.py",
        "if reply.code != _UNKNOWN_MECHANISM:",
        "if reply.code == 0:",
        ("tests/unit/edges/smtp/test_login.py",),
    ),
    Mutant(
        "reject a mail because the server has something against this machine",
        "app/edges/channels/email/channel.py",
        "return Denied(said) if is_about_the_sender(reply) else Rejected(said)",
        "return Rejected(said)",
        ("tests/unit/edges/channels/email/test_channel.py",),
    ),
    Mutant(
        "take a full mailbox for a broken mail server",
        "app/policies/limits/gate.py",
        "isinstance(outcome, Retry) and not outcome.target_alone",
        "isinstance(outcome, Retry)",
        ("tests/unit/policies/limits/test_gate.py",),
    ),
    Mutant(
        "show those from the recipients file to each other",
        "app/policies/routing.py",
        "from_file = request.recipient is not None",
        "from_file = False",
        ("tests/unit/policies/test_routing.py",),
    ),
    Mutant(
        "let a title be read as an encoded word",
        "app/edges/channels/email/headers.py",
        'return text.isascii() and text.isprintable() and "=?" not in text',
        "return text.isascii() and text.isprintable()",
        ("tests/unit/edges/channels/email/test_headers.py",),
    ),
    Mutant(
        "send to another owner's host",
        "app/policies/addresses/host_names.py",
        "transitional=False",
        "transitional=True",
        ("tests/unit/policies/addresses/test_host_names.py",),
    ),
    Mutant(
        "cut off what was started when the session fails",
        "app/engine/worker.py",
        "                await session.drain(REVOKE_PATIENCE)\n",
        "                pass\n",
        ("tests/unit/engine/group/test_session.py",),
    ),
    Mutant(
        "commit past what is being read",
        "app/engine/group/intake.py",
        "            assigned.reading = True\n",
        "            assigned.reading = False\n",
        ("tests/unit/engine/group/test_session.py",),
    ),
    Mutant(
        "ask about no log that is not fetched whether it became shorter",
        "app/engine/inflight/partition.py",
        " or (self.held and self.position > end)",
        "",
        (SAMPLING,),
    ),
    Mutant(
        "take for settled what stands where a log lost what was",
        "app/engine/cluster/positions.py",
        "        assigned.ledger.lower_mark(end)\n",
        "        pass\n",
        (POSITIONS,),
    ),
    Mutant(
        "move a position for an end that was told before it was read on",
        "app/engine/cluster/positions.py",
        "                if not moving:  # else it is longer than it was told to be\n",
        "                if True:\n",
        (POSITIONS,),
    ),
    Mutant(
        "let a record do what it cannot",
        "app/engine/inflight/transitions.py",
        "    if item.stage not in how.origins:\n",
        "    if not how.origins:\n",
        (TRANSITIONS,),
    ),
    Mutant(
        "let a delivery do what it cannot",
        "app/engine/inflight/transitions.py",
        "    if job.state not in how.origins:\n",
        "    if not how.origins:\n",
        (TRANSITIONS,),
    ),
    Mutant(
        "book an answer that comes after the end",
        "app/engine/lanes/answers.py",
        "            if job.state is not State.ACTIVE:\n                self._endings.let_go(job)\n"
        "                continue\n",
        "",
        (LANE,),
    ),
    Mutant(
        "take what an earlier assignment left for this one's",
        "app/engine/inflight/partition.py",
        "assigned is not None and assigned.epoch == item.epoch else None",
        "assigned is not None else None",
        (SETTLEMENT, "tests/unit/engine/inflight/test_partition.py"),
    ),
)
