"""Bicep without its compiler: syntax trees, parsed templates, and names that nothing declares.

Two parsers read each template, since each is laxer than Bicep in places of its own. The compiler
has the last word, in CI, where it can be downloaded.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, cast

from lark.exceptions import LarkError
from pycep import BicepParser
from tree_sitter import Language, Node, Parser

Template = dict[str, Any]

FUNCTIONS = {
    *("any", "array", "contains", "empty", "guid", "json", "length", "loadTextContent"),
    *("padLeft", "string"),
    *("resourceGroup", "subscriptionResourceId", "tenant", "environment", "uniqueString"),
    "readEnvironmentVariable",
}
DECLARATIONS = {
    *("parameter_declaration", "variable_declaration", "resource_declaration"),
    *("module_declaration", "output_declaration"),
}


@cache
def _parser() -> Parser:
    import tree_sitter_bicep

    return Parser(Language(tree_sitter_bicep.language()))


@cache
def _second_parser() -> BicepParser:
    return BicepParser()


def errors(source: str) -> list[str]:
    """What is wrong with the text of a template or a file of parameters, with line numbers."""
    parameters = source.lstrip().startswith("using ")
    if parameters:  # the grammar knows parameters with a type only
        source = re.sub(r"^param (\w+) =", r"var \1 =", source, flags=re.MULTILINE)
    found: list[str] = []
    _collect(_parser().parse(source.encode()).root_node, found)
    if not parameters and not found:
        try:
            parse(source)
        except LarkError as error:
            found.append(str(error).splitlines()[0])
        else:
            found += _undeclared(source)
    return found


@cache
def parse(source: str) -> Template:
    """The parameters, resources, modules and outputs of a template, not to be changed.

    Raises:
        LarkError: it does not parse.
    """
    template = cast(Template, _second_parser().parse(text=source))
    for kind in ("resources", "modules"):
        for body in template.get(kind, {}).values():
            # What is deployed under a condition keeps the same rules as the rest.
            body["config"] = body["config"].get("config", body["config"])
    return template


def templates(folder: Path) -> dict[str, Template]:
    """Every template below a folder, by its path from there."""
    return {
        path.relative_to(folder).as_posix(): parse(path.read_text())
        for path in sorted(folder.rglob("*.bicep"))
    }


def _collect(node: Node, found: list[str]) -> None:
    if node.is_missing or node.type == "ERROR":
        text = (node.text or b"").decode(errors="replace").splitlines() or [node.type]
        found.append(f"line {node.start_point.row + 1}: not Bicep: {text[0]!r}")
        return
    for child in node.children:
        _collect(child, found)


def _undeclared(source: str) -> list[str]:
    root = _parser().parse(source.encode()).root_node
    declared = {
        (node.named_children[0].text or b"").decode()
        for node in root.named_children
        if node.type in DECLARATIONS and node.named_children
    }
    used: dict[str, int] = {}
    for node in root.named_children:
        _names(node, used, top=True)
    return [
        f"line {line}: nothing declares {name!r}"
        for name, line in used.items()
        if name not in declared | FUNCTIONS
    ]


def _names(node: Node, used: dict[str, int], *, top: bool = False) -> None:
    children = node.named_children
    if node.type == "decorators":
        return
    if (top and node.type in DECLARATIONS) or node.type == "object_property":
        children = children[1:] if children and children[0].type == "identifier" else children
    for child in children:
        if child.type == "identifier":
            used.setdefault((child.text or b"").decode(), child.start_point.row + 1)
        elif child.type not in ("type", "primitive_type"):
            _names(child, used)
