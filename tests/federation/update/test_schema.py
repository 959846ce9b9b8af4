"""The committed JSON Schemas are those of the models."""

from __future__ import annotations

from pathlib import Path

import pytest

from federation.update.schema import access_schema, files, settings_schema


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_the_committed_schema_is_current(path: Path) -> None:
    current = files()[path]
    assert path.read_text(encoding="utf-8") == current, "run python -m federation.update.schema"


def test_the_access_schema_knows_keys_and_values() -> None:
    schema = access_schema()
    rule = schema["$defs"]["Rule"]
    assert rule["required"] == ["permissionSets", "targets"]
    assert rule["additionalProperties"] is False
    assert "except" in rule["properties"]
    assert rule["properties"]["protected"]["const"] == "acknowledged"
    selector = schema["$defs"]["Selector"]
    assert selector["properties"]["account"]["pattern"] == "^(?:[0-9]{12})$"
    assert {"required": ["ou"]} in selector["oneOf"]
    assert "null" not in str(schema)


def test_the_settings_schema_is_about_the_whole_stack_file() -> None:
    config = settings_schema()["properties"]["config"]
    assert "entra-identity-center:enterpriseApp" in config["required"]
    assert "entra-identity-center:access" in config["properties"]


def test_secrets_may_be_encrypted() -> None:
    token = settings_schema()["$defs"]["ProvisioningSettings"]["properties"]["accessToken"]
    assert [option["type"] for option in token["anyOf"]] == ["string", "object"]
