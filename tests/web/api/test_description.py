"""Does /openapi.json describe each method as the types that parse it say?"""

from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from afterword.web.api.methods import METHODS


@pytest.fixture
def described(visitor: TestClient) -> dict[str, Any]:
    """The whole description."""
    found: dict[str, Any] = visitor.get("/openapi.json").json()
    return found


def test_every_method_is_described_with_its_arguments_codes_and_scope(described: dict[str, Any]) -> None:
    assert described["paths"].keys() == {"/events.track", *(f"/{one.name}" for one in METHODS)}
    for method in METHODS:
        (operation,) = described["paths"][f"/{method.name}"].values()
        assert operation["operationId"] == method.name
        assert method.scope.value in operation["description"]
        assert operation["security"] == [{"apiToken": []}]
        codes = operation["responses"]["422"]["content"]["application/json"]["schema"]["properties"]["error"]
        assert {code.value for code in method.errors} < set(codes["enum"])
        assert {"200", "401", "403", "413", "429", "503"} < set(operation["responses"])
        assert "Retry-After" in operation["responses"]["429"]["headers"]
        fields = {one.encode_name: one.required for one in msgspec.structs.fields(method.arguments)}
        assert arguments(described, method.verb, operation) == fields


def arguments(described: dict[str, Any], verb: str, operation: dict[str, Any]) -> dict[str, bool]:
    """Argument → whether it is required, as the description says."""
    if verb == "GET":
        assert "requestBody" not in operation
        assert "null" not in str(operation["parameters"]), "a query has no null"
        return {one["name"]: one["required"] for one in operation["parameters"]}
    forms = [content["schema"] for content in operation["requestBody"]["content"].values()]
    assert len(forms) == 2
    assert forms[0] == forms[1]
    schema = described["components"]["schemas"][forms[0]["$ref"].rsplit("/", 1)[1]]
    return {name: name in schema.get("required", []) for name in schema["properties"]}
