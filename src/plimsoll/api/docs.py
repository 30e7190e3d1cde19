"""The reference page: the OpenAPI document as one static HTML page, nothing loaded from outside."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any, Final

_TEMPLATE: Final = Path(__file__).with_name("docs.html")
_METHODS: Final = ("get", "post", "patch", "delete")


def render(document: dict[str, Any]) -> bytes:
    """The page for a document."""
    groups: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    links: dict[str, list[str]] = {name: [] for name in groups}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                tag = operation["tags"][0]
                groups[tag].append(_operation(method, path, operation))
                links[tag].append(_link(method, path, operation))
    body = "".join(
        f'<h2 id="{_slug(name)}">{escape(name)}</h2>{"".join(parts)}'
        for name, parts in groups.items()
    )
    schemas = "".join(
        _schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())
    )
    navigation = "".join(
        f"<h3>{escape(name)}</h3>{''.join(parts)}" for name, parts in links.items()
    )
    signing = document["components"]["securitySchemes"]["signature"]["description"]
    values = {
        "title": escape(document["info"]["title"]),
        "version": escape(document["info"]["version"]),
        "introduction": _prose(document["info"]["description"]),
        "signing": _prose(signing),
        "navigation": navigation,
        "operations": body,
        "schemas": schemas,
    }
    template = _TEMPLATE.read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found.group(1)], template).encode()


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _prose(text: str) -> str:
    """Paragraphs, **bold**, *italic* and `code` of a description."""
    shown = escape(text.strip(), quote=False)
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", shown)
    shown = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", shown)
    shown = re.sub(r"\*([^*\s][^*]*)\*", r"<i>\1</i>", shown)
    return "".join(f"<p>{part}</p>" for part in shown.split("\n\n"))


def _link(method: str, path: str, operation: dict[str, Any]) -> str:
    name = operation["operationId"]
    return (
        f'<a href="#{name}"><span class="m {method}">{method.upper()}</span>'
        f"<span>{escape(path)}</span></a>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    head = (
        f'<section class="op" id="{operation["operationId"]}"><header>'
        f'<span class="m {method}">{method.upper()}</span><code class="path">{escape(path)}</code>'
        f"<span class=summary>{escape(operation['summary'])}</span></header>"
    )
    parts = [head]
    if "description" in operation:
        parts.append(_prose(operation["description"]))
    if "parameters" in operation:
        rows = "".join(_parameter_row(one) for one in operation["parameters"])
        parts.append(f"<h4>Parameters</h4><table>{rows}</table>")
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        parts.append(f"<h4>Body</h4><p>{_type(schema)}</p>")
    rows = "".join(_response_row(status, one) for status, one in operation["responses"].items())
    parts.append(f"<details><summary>Answers</summary><table>{rows}</table></details></section>")
    return "".join(parts)


def _parameter_row(one: dict[str, Any]) -> str:
    need = "required" if one["required"] else "optional"
    return (
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}, {need}</td>"
        f"<td>{_type(one['schema'])}</td><td>{_prose(one['description'])}</td></tr>"
    )


def _response_row(status: str, one: dict[str, Any]) -> str:
    shown = ", ".join(
        _type(content["schema"]) if media == "application/json" else escape(media)
        for media, content in one.get("content", {}).items()
    )
    mark = "good" if status == "200" else "bad"
    text = _prose(one["description"])
    return f"<tr><td class={mark}>{status}</td><td>{shown}</td><td>{text}</td></tr>"


def _schema(name: str, schema: dict[str, Any]) -> str:
    text = _prose(schema.get("description", "").replace("``", "`"))
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td>"
        f"<td>{'required' if field in schema.get('required', ()) else ''}</td>"
        f"<td>{_type(one)} {escape(one.get('description', ''))}</td></tr>"
        for field, one in schema.get("properties", {}).items()
    )
    return (
        f'<section class="op" id="schema-{escape(name)}"><header><code class=path>{escape(name)}'
        f"</code></header>{text}<table>{rows}</table></section>"
    )


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(json.dumps(one))}</code>" for one in schema["enum"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(_type(one) for one in schema['prefixItems'])}]"
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_type(schema['additionalProperties'])}"
    return escape(kind) + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    found = ""
    if "maximum" in schema:
        found += f" {schema.get('minimum', 0)}–{schema['maximum']}"
    if "pattern" in schema:
        found += f" <code>{escape(schema['pattern'])}</code>"
    if schema.get("default") not in (None, "", [], {}):
        found += f", default <code>{escape(json.dumps(schema['default']))}</code>"
    return found
