"""Describes bodies for OpenAPI: schemas from msgspec, an example for each."""

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI

from app.faces.api import examples
from app.faces.api.problems import Problem

_REF = "#/components/schemas/{name}"


def reference(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Refer to the schema of ``kind``, which the application has to describe."""
    return {"$ref": _REF.format(name=kind.__name__)}


def json_answer(description: str, example: object) -> dict[str, Any]:
    """Describe a JSON answer by an example; its schema follows from a value's type."""
    schema = reference(type(example)) if isinstance(example, msgspec.Struct) else {"type": "object"}
    content = {"schema": schema, "example": msgspec.to_builtins(example)}
    return {"description": description, "content": {"application/json": content}}


def text_answer(description: str, media_type: str, example: str) -> dict[str, Any]:
    """Describe an answer that is text."""
    content = {"schema": {"type": "string"}, "example": example}
    return {"description": description, "content": {media_type: content}}


def json_body(schema: dict[str, Any], **named: object) -> dict[str, Any]:
    """Describe the body of a request by its schema and examples with names."""
    shown = {name: {"value": example} for name, example in named.items()}
    content = {"schema": schema, "examples": shown}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


ANY_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Anything else, as a problem detail (RFC 9457)",
        "content": {
            "application/problem+json": {
                "schema": reference(Problem),
                "example": msgspec.to_builtins(examples.PROBLEM),
            }
        },
    }
}


class Documented(FastAPI):
    """FastAPI with msgspec's schemas and the two ways to send a key in its document."""

    def __init__(self, described: Sequence[type[msgspec.Struct]], **options: Any) -> None:
        super().__init__(**options)
        self._described = described

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        components = document.setdefault("components", {})
        _, schemas = msgspec.json.schema_components(self._described, ref_template=_REF)
        components.setdefault("schemas", {}).update(schemas)
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        document["security"] = [{}, {"bearer": []}, {"key": []}]
        return document
