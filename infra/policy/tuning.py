"""Rule for what of the API can be tuned from outside. Says what breaks it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from infra.policy.reading import Templates, apps, containers, decorator

TUNED: Final[Mapping[str, str]] = {
    "STORE_TEXT": "storeText",
    "TELEMETRY_BACKEND": "telemetryBackend",
    "TELEMETRY_METRICS_SECONDS": "metricsSeconds",
    "OTEL_TRACES_SAMPLER_ARG": "tracePercent",
    "CHALLENGER_MODE": "challengerMode",
    "CHALLENGER_SHARE": "challengerPercent",
}
"""Variables of the API with the parameters of api.bicep that say what they are."""

PERCENT: Final = "Percent"
"""End of the names of whole percentages, which a variable gets as a fraction."""


def tuning(templates: Templates) -> list[str]:
    """Each of these parameters has bounds, and is what its variable gets."""
    broken = []
    variables = templates["modules/inference.bicep"].get("variables", {})
    values = {
        item["name"]: item.get("value")
        for _, name, config in apps(templates)
        if name == "inference"
        for item in containers(config)[0]["env"]
    }
    for variable, parameter in TUNED.items():
        declared = templates["api.bicep"]["parameters"].get(parameter)
        if declared is None or bounds(declared) is None:
            broken.append(f"api.bicep: {parameter} takes anything, or is not there")
        if not _comes_from(values.get(variable), parameter, variables):
            broken.append(f"modules/inference.bicep: {variable} is not what {parameter} says")
    return broken


def bounds(parameter: Mapping[str, Any]) -> list[str] | tuple[int, int] | None:
    """What a parameter takes: one of these, or from the first to the second; None: anything."""
    allowed: list[str] | None = decorator(dict(parameter), "allowed")
    least, most = (decorator(dict(parameter), kind) for kind in ("min_value", "max_value"))
    if allowed is None and least is not None and most is not None:
        return least, most
    return allowed


def _comes_from(value: Any, parameter: str, variables: Mapping[str, Any]) -> bool:
    if not parameter.endswith(PERCENT):
        return re.search(rf"\b{parameter}\b", str(value)) is not None
    # Bicep has no fractions: '1', or '0.' and two digits.
    body = variables.get(value, {}).get("value", {}) if isinstance(value, str) else {}
    found = re.fullmatch(
        rf".*'operand_1': '{parameter}'.*'condition': 100, 'true_value': '1', "
        r"'false_value': '0\.\$\{(\w+)\}'.*",
        str(body),
    )
    if found is None:
        return False
    digits: object = variables.get(found[1], {}).get("value")
    return digits == {
        "function": {
            "type": "pad_left",
            "parameters": {
                "value_to_pad": parameter,
                "total_length": 2,
                "padding_character": "0",
            },
        }
    }
