"""What befalls logs and offsets: ends that get lost, topics made anew, offsets that are forgotten."""

from random import Random
from typing import Final

from app.policies.books.commit_metadata import read_commit, with_topic_id
from app.policies.books.saved_commits import SavedReader
from app.values.record import TopicPartition
from tests.support.simulation.books import RETRIES, TOPIC, Books
from tests.support.simulation.cluster import Cluster
from tests.support.simulation.story import Story

HOW_OFTEN: Final = 0.06
MOST_LOST: Final = 6
"""Records that a log loses at once."""
TOPICS: Final = (TOPIC, TOPIC, f"{RETRIES}.0s", f"{RETRIES}.30s")


class LogFaults:
    """Lets Kafka lose and forget, and tells the books what nobody can make good.

    Args:
        chance: What happens by chance.
        cluster: Whose logs they are.
        books: Are told what is lost.
        story: Is told of it.
    """

    def __init__(self, chance: Random, cluster: Cluster, books: Books, story: Story) -> None:
        self._chance = chance
        self._cluster = cluster
        self._books = books
        self._story = story
        self._happens = chance.random() < 0.5

    def disturb(self) -> None:
        """Let something befall a log, now and then."""
        if not self._happens or self._chance.random() > HOW_OFTEN:
            return
        topic = self._chance.choice(TOPICS)
        if self._chance.random() < 0.5:
            self._cut(topic)
        else:
            self._make_anew(topic)

    def _cut(self, topic: str) -> None:
        partition = self._chance.choice(self._cluster.partitions([topic]))
        lost = self._cluster.cut(partition, self._chance.randint(1, MOST_LOST))
        if not lost:
            return
        self._story.tell(f"* the log of {topic}/{partition.partition} loses {len(lost)} records")
        self._books.lose(lost)

    def _make_anew(self, topic: str) -> None:
        self._story.tell(f"* the topic {topic} is recreated")
        forgets = self._chance.random() < 0.7
        self._books.lose(self._cluster.make_anew(topic, forget=forgets))
        self._books.expect_repeats(topic)

    def forget(self) -> None:
        """Let Kafka forget the offsets of a group without members, if all of them were kept."""
        if not self._happens or self._chance.random() > 0.5:
            return
        if self._cluster.committed and self._kept() == self._cluster.committed:
            self._story.tell("* Kafka forgets the group's offsets")
            self._cluster.committed.clear()

    def known_end(self, partition: TopicPartition) -> int:
        """Return how far a log has been, for all that the last commit says, or the kept one."""
        commits = self._cluster.committed
        if partition not in commits:
            commits = self._kept()
        if partition not in commits:
            return 0
        offset, metadata = commits[partition]
        told = read_commit(offset, metadata)
        if told is None or told.topic_id not in (None, self._cluster.topic_id(partition.topic)):
            return 0
        return max(offset, told.settled.mark if told.settled else 0)

    def _kept(self) -> dict[TopicPartition, tuple[int, str]]:
        reader = SavedReader("group")
        for key, value in self._cluster.kept["control"].items():
            reader.take(key, value)
        return {
            partition: (each.offset, with_topic_id(each.metadata, each.topic_id))
            for partition, each in reader.saved().commits.items()
        }
