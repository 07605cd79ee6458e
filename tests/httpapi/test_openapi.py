"""The document that the API gives of itself."""

from typing import Any

import pytest

from httpapi import app as apps
from httpapi.openapi import document


@pytest.fixture
def described() -> Any:
    return document(apps.all_operations(), "1.2.3")


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


async def test_it_is_served(api: Any, described: Any) -> None:
    served = await api.good("GET", "/openapi.json")
    assert served["openapi"] == "3.1.0"
    assert served["paths"] == described["paths"]
    assert served["components"] == described["components"]


def test_every_reference_leads_somewhere(described: Any) -> None:
    schemas = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert references(described) <= schemas
    assert "#/components/schemas/Problem" in references(described)


def test_paths_declare_their_parameters(described: Any) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            declared = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
            assert declared == [part.split("}")[0] for part in path.split("{")[1:]], (method, path)
            assert ("requestBody" in operation) <= (method in ("post", "put", "patch"))
            assert "default" in operation["responses"]


def test_queries_are_parameters_that_cannot_be_null(described: Any) -> None:
    parameters = {each["name"]: each for each in described["paths"]["/api/v1/runs"]["get"]["parameters"]}
    assert parameters["limit"]["schema"] == {"default": 100, "maximum": 1000, "minimum": 1, "type": "integer"}
    assert parameters["state"]["schema"]["enum"][0] == "pending"
    assert not any(each["required"] for each in parameters.values())
    assert "null" not in str(parameters)


def test_who_may(described: Any) -> None:
    paths = described["paths"]
    assert paths["/healthz"]["get"]["security"] == []
    assert paths["/api/v1/keys"]["post"]["x-access"] == "admin"
    assert paths["/api/v1/runs"]["get"]["security"] == [{"bearer": []}, {"basic": []}]


def test_bodies(described: Any) -> None:
    post = described["paths"]["/api/v1/runs"]["post"]
    assert post["requestBody"]["required"] is False
    assert described["paths"]["/api/v1/keys"]["post"]["requestBody"]["required"] is True
    assert list(post["responses"]) == ["201", "200", "default"]
    assert described["paths"]["/metrics"]["get"]["responses"]["200"]["content"] == {
        "text/plain": {"schema": {}}
    }


def test_what_bytes_are_asked_for_on_condition(described: Any) -> None:
    for path in ("/api/v1/runs/files/{file_id}/content", "/api/v1/signed/versions/{version_id}"):
        operation = described["paths"][path]["get"]
        headers = [each["name"] for each in operation["parameters"] if each["in"] == "header"]
        assert headers == ["Range", "If-Range", "If-Match", "If-None-Match"]
        assert list(operation["responses"]) == ["200", "206", "304", "default"]
