"""The OpenAPI document: ours carries the problem schema, and only answers we give."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from service.problems import ProblemDocument

_FASTAPI_OWN = ("HTTPValidationError", "ValidationError")


def with_problems(app: FastAPI) -> None:
    """Have `app.openapi()` describe our refusals instead of FastAPI's."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _finished(plain())
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _finished(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FASTAPI_OWN:
        schemas.pop(name, None)
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema(
        ref_template="#/components/schemas/{model}"
    )
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "Where the operator set an API key."}
    }
    document["security"] = [{}, {"key": []}]
    return document
