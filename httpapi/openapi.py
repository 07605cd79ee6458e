"""The OpenAPI 3.1 document, made from the declarations that check the requests."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from httpapi.operations import Body, Operation
from httpapi.problems import MEDIA_TYPE

REF = "#/components/schemas/{model}"
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}]
PROBLEM_SCHEMA = {
    "type": "object",
    "description": "A refusal (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Each field that is wrong.",
            "items": {
                "type": "object",
                "required": ["where", "detail"],
                "properties": {"where": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
ID_SCHEMA = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole document, ready for JSON."""
    listed = list(operations)
    bodies = {of for each in listed if isinstance(of := each.body, type)}
    answers = {of for each in listed for of in each.answers.values() if isinstance(of, type)}
    ordered = sorted(bodies, key=_name), sorted(answers, key=_name)
    refs, definitions = models_json_schema(
        [(of, "validation") for of in ordered[0]] + [(of, "serialization") for of in ordered[1]],
        ref_template=REF,
    )
    paths: dict[str, dict[str, Any]] = {}
    for each in listed:
        paths.setdefault(each.full_path, {})[each.method.lower()] = _operation(each, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "runfs",
            "version": version,
            "description": "Runs, their files, history and console, sweeps and artifacts. "
            "Lists are read page by page: give next_cursor back as cursor until it is null. "
            "HEAD is answered wherever GET is.",
        },
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), "Problem": PROBLEM_SCHEMA},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
                "basic": {"type": "http", "scheme": "basic", "description": "User api, password an API key."},
            },
        },
    }


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _operation(operation: Operation, refs: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "operationId": operation.name,
        "summary": operation.summary,
        "security": [] if operation.access is None else SECURITY,
        "parameters": [
            *_path_parameters(operation),
            *_query_parameters(operation),
            *_header_parameters(operation),
        ],
        "responses": {
            **{str(status): _answer(status, of, refs) for status, of in operation.answers.items()},
            "default": {
                "description": "A refusal.",
                "content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}},
            },
        },
    }
    if operation.description:
        described["description"] = operation.description
    if operation.access is not None:
        described["x-access"] = operation.access
    if operation.body is not None:
        described["requestBody"] = {
            "required": _is_required(operation.body),
            "content": _content(operation.body, refs, "validation"),
        }
    return described


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": ID_SCHEMA if of is int else {"type": "string", "minLength": 1},
        }
        for name, of in operation.parameters.items()
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    definitions = schema.get("$defs", {})
    parameters = []
    for name, property_schema in schema["properties"].items():
        given = {
            key: value for key, value in _inlined(property_schema, definitions).items() if key != "title"
        }
        description = given.pop("description", None)
        parameter = {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": given,
        }
        if description:
            parameter["description"] = description
        parameters.append(parameter)
    return parameters


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": what}
        for name, what in operation.headers.items()
    ]


def _inlined(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A query parameter's schema, with the "or null" of an optional one left out: a query cannot say null."""
    if "$ref" in schema:
        return dict(definitions[schema["$ref"].rpartition("/")[2]])
    arms = [arm for arm in schema.get("anyOf", ()) if arm != {"type": "null"}]
    if len(arms) == 1:
        rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        return {**_inlined(arms[0], definitions), **rest}
    return schema


def _answer(status: int, of: Body, refs: dict[Any, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if of is not None:
        answer["content"] = _content(of, refs, "serialization")
    return answer


def _content(of: Body, refs: dict[Any, Any], mode: str) -> dict[str, Any]:
    if isinstance(of, str):
        return {of: {"schema": {}}}
    return {"application/json": {"schema": refs[(of, mode)]}}


def _is_required(body: Body) -> bool:
    return isinstance(body, str) or any(
        field.is_required() for field in (body.model_fields.values() if body is not None else ())
    )
