"""Where spans go, by the environment variables that OpenTelemetry has for it."""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

import msgspec

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTERS = "OTEL_TRACES_EXPORTER"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HEADERS = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
_QUEUE = "OTEL_BSP_MAX_QUEUE_SIZE"
_DEFAULT_QUEUE = 2048
_USUAL_PATH = "/v1/traces"
_SHORTEST_SECRET = 8
_NONE = "none"
_OTLP = "otlp"
_BY_PROTOCOL = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
"""What OpenTelemetry's packages call the exporter of each protocol."""


class Exporting(msgspec.Struct, frozen=True):
    """That spans are wanted."""

    exporters: tuple[str, ...]  # by the names under which packages offer them
    because: str  # the variable that says so
    queue: int = _DEFAULT_QUEUE  # how many spans may wait to be exported
    # Where the collector is, as far as a variable says it. It may hold a password.
    endpoint: str | None = None
    # the keys in headers, the endpoint's password, and its path, which may be one
    secrets: frozenset[str] = frozenset()


def exporting(environ: Mapping[str, str]) -> Exporting | None:
    """Return where spans go, or None if nothing asks for any.

    Args:
        environ: Environment variables; one that is empty is not set.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    named = [each for each in map(str.strip, environ.get(_EXPORTERS, "").split(",")) if each]
    because = _EXPORTERS if named else next(filter(environ.get, ENDPOINTS), None)
    if because is None or named == [_NONE]:
        return None
    exporters = [_of(each, environ) for each in named or [_OTLP] if each != _NONE]
    return Exporting(
        exporters=tuple(dict.fromkeys(exporters)),
        because=because,
        queue=_queue(environ.get(_QUEUE, "")),
        endpoint=_first(ENDPOINTS, environ),
        secrets=frozenset(_secrets(environ)),
    )


def _of(name: str, environ: Mapping[str, str]) -> str:
    if name != _OTLP:
        return name
    protocol = _first(_PROTOCOLS, environ) or "http/protobuf"
    return _BY_PROTOCOL.get(protocol.strip(), f"{_OTLP} over {protocol}")


def _first(names: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    return next(filter(None, map(environ.get, names)), None)


def _queue(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 8 and int(text) else _DEFAULT_QUEUE


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    for name in _HEADERS:
        for pair in environ.get(name, "").split(","):
            value = pair.partition("=")[2].strip()
            if value:
                yield from {value, unquote(value), unquote(value).rpartition(" ")[2]}
    for name in ENDPOINTS:
        try:
            url = urlsplit(environ.get(name, ""))
        except ValueError:
            continue
        if url.password:
            yield from {url.password, unquote(url.password)}
        path = url.path.removesuffix("/").removesuffix(_USUAL_PATH)
        if len(path) >= _SHORTEST_SECRET:
            yield path
