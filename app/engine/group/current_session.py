"""The session that is alive now, for parts that outlive sessions."""

from math import inf

from app.engine.group.session import Session


class CurrentSession:
    """Knows the session that is alive, if one is.

    Attributes:
        session: Set by the supervisor; None between sessions.
    """

    def __init__(self) -> None:
        self.session: Session | None = None

    @property
    def joined(self) -> bool:
        """Whether this worker is in the group, with partitions or without."""
        return self.session is not None and self.session.joined

    def may_admit(self) -> bool:
        """Say whether records may be taken now."""
        session = self.session
        return session is not None and session.joined and session.committer.may_admit

    def unconfirmed_for(self) -> float:
        """Return the seconds since this worker asked for what only a member gets, and got it."""
        return inf if self.session is None else self.session.unconfirmed_for

    def group_leader(self) -> str | None:
        """Return the id of the member that leads the group, as last heard."""
        return None if self.session is None else self.session.group_leader

    def fail(self, error: BaseException) -> None:
        """End the session with an error that happened elsewhere."""
        if self.session is not None:
            self.session.fail(error)
