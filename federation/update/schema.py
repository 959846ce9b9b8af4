"""JSON Schemas of the access file and the stack configuration, generated from the models.

`python -m federation.update.schema` rewrites the committed files; editors complete and validate
with them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from federation.access.declared import Access
from federation.core.entry import adapter
from federation.update.access_stack import AccessStackSettings
from federation.update.settings import NAMESPACE, Settings

FOLDER: Final = Path(__file__).resolve().parents[2] / "schema"
# Editors (yaml-language-server) know this draft best.
_DIALECT: Final = "http://json-schema.org/draft-07/schema#"


class _WithoutNull(GenerateJsonSchema):
    """An optional key is left out, never null: the loader refuses empty values."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def access_schema() -> dict[str, Any]:
    """Schema of an access file."""
    return _finish(
        "Access file", adapter(Access).json_schema(by_alias=True, schema_generator=_WithoutNull)
    )


def settings_schema() -> dict[str, Any]:
    """Schema of `Pulumi.<stack>.yaml`; configuration of other namespaces is left alone."""
    return _configuration("Stack configuration", Settings)


def access_stack_schema() -> dict[str, Any]:
    """Schema of `Pulumi.<stack>.yaml` of a stack that builds upon a federation stack."""
    return _configuration("Configuration of an access stack", AccessStackSettings)


def _configuration(title: str, model: type[BaseModel]) -> dict[str, Any]:
    made = _generate(model, GenerateJsonSchema)
    many = made["properties"]["access"]
    made["properties"]["access"] = {"anyOf": [{"type": "string"}, many]}
    properties = {f"{NAMESPACE}:{key}": value for key, value in made["properties"].items()}
    config = {
        "type": "object",
        "properties": properties,
        "required": [f"{NAMESPACE}:{key}" for key in made["required"]],
        # Namespaced keys of this program are known; those of providers are theirs.
        "propertyNames": {
            "anyOf": [{"enum": sorted(properties)}, {"not": {"pattern": f"^{NAMESPACE}:"}}]
        },
    }
    return _finish(
        title,
        {"type": "object", "properties": {"config": config}, "$defs": made["$defs"]},
    )


def files() -> dict[Path, str]:
    """The committed files with the content they should have."""
    return {
        FOLDER / "access.schema.json": _text(access_schema()),
        FOLDER / "access-stack.schema.json": _text(access_stack_schema()),
        FOLDER / "settings.schema.json": _text(settings_schema()),
    }


def main() -> int:
    """Write the files that are out of date."""
    for path, text in files().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(FOLDER.parent)}")
    return 0


def _generate(model: type[BaseModel], generator: type[GenerateJsonSchema]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True, schema_generator=generator)


def _finish(title: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": _DIALECT, "title": title, **_plain(schema)}


def _plain(node: Any, *, names: bool = False) -> Any:
    """Without generated titles and null defaults; secrets may be Pulumi's `secure:` mapping.

    `names` is True where the keys are names of properties and not words of JSON Schema.
    """
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    if not names and node.get("format") == "password":
        secure = {"type": "object", "required": ["secure"], "additionalProperties": False}
        secure["properties"] = {"secure": {"type": "string"}}
        return {"description": node.get("description", ""), "anyOf": [{"type": "string"}, secure]}
    return {
        key: _plain(value, names=key in {"properties", "$defs"} and not names)
        for key, value in node.items()
        if names or not (key == "title" or (key == "default" and value is None))
    }


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
