"""The channels that there are: by name, and by the form of an address."""

from collections.abc import Iterable
from typing import assert_never
from urllib.parse import SplitResult, urlsplit

from app.policies.addresses.webhooks import normalise_webhook
from app.policies.mail.addresses import normalise_mail
from app.policies.redaction import Forms, Secrets
from app.values.channel import AddressKind, ChannelSpec
from app.values.errors import UnroutableError


class Channels:
    """Answers what depends on which channels there are.

    Args:
        specs: In the order in which they are listed for people.
    """

    def __init__(self, specs: Iterable[ChannelSpec]) -> None:
        self.specs = tuple(specs)
        self._by_name = {spec.name: spec for spec in self.specs}
        self.names = tuple(self._by_name)
        self.forms = Forms(self.specs)  # how the secrets in their addresses look
        self.secrets = Secrets(forms=self.forms)  # these forms, and nothing that is known by name

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> ChannelSpec:
        return self._by_name[name]

    def serving(self, name: str, url: str) -> ChannelSpec:
        """Return the channel that serves a URL which was given for the channel of that name."""
        named = self._by_name[name]
        return (self._recognised(urlsplit(url)) if named.yields else None) or named

    def takes_default(self, name: str, url: str) -> bool:
        """Say whether a channel may be used with a URL that was set for whatever has none.

        Not if the URL is another service's: that one would be told in a form that it does not know.
        """
        named, recognised = self._by_name[name], self._recognised(urlsplit(url))
        return named.yields or recognised is None or recognised is named

    def can_serve(self, name: str, other: str, address: str) -> bool:
        """Say whether one channel reaches an address that was written down for another.

        A URL that a channel recognises serves it and those that yield to it alike.
        """
        wanted, written = self._by_name[name], self._by_name[other]
        special = written if wanted.yields else wanted if written.yields else None
        if special is None or wanted.kind is not written.kind:
            return False
        return special.recognises(urlsplit(address))

    def normalise(self, name: str, address: str) -> str:
        """Return the one spelling of an address; see ``normalise_webhook`` and ``normalise_mail``.

        Raises:
            UnroutableError: It cannot be used. The text never contains a URL.
        """
        kind = self._by_name[name].kind
        match kind:
            case AddressKind.URL:
                normal = self.normalise_url(address)
                if fault := self.serving(name, normal).needs(urlsplit(normal)):
                    raise UnroutableError(f"the webhook URL {fault}")
                return normal
            case AddressKind.MAIL:
                return normalise_mail(address)
            case AddressKind.NONE:
                return name
            case _:
                assert_never(kind)

    def redact(self, address: str) -> str:
        """Return an address as it may be shown."""
        return self.forms.redact(address)

    def normalise_url(self, url: str) -> str:
        """Return the one spelling of a URL; see ``normalise``."""
        normal = normalise_webhook(url)
        parts = urlsplit(normal)
        for spec in self.specs:
            if fault := spec.fault(parts):
                raise UnroutableError(f"the webhook URL {fault}")
        return normal

    def _recognised(self, parts: SplitResult) -> ChannelSpec | None:
        return next((spec for spec in self.specs if spec.recognises(parts)), None)
