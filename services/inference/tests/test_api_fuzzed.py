"""Every route of the API, asked what its own description allows and what it does not."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from inference.scheduling.guard import TIMEOUT_HEADER

EXAMPLES = 20


def no_failure_of_the_service(_, answer, case):
    """504 is what a client gets that gives the service no time."""
    in_time = answer.status_code == 504 and TIMEOUT_HEADER in (case.headers or {})
    assert answer.status_code < 500 or in_time, answer.status_code


CHECKS = [
    no_failure_of_the_service,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def operations(start_server):
    server = start_server(LOG_LEVEL="WARNING")
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_answer_breaks_the_description(operations, mode):
    asked = set()
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case):
            asked.add(case.operation.label)
            case.call_and_validate(checks=CHECKS, timeout=20)

        try:
            ask()
        except Unsatisfiable:  # a route that takes nothing cannot be asked wrongly
            assert mode is GenerationMode.NEGATIVE
    taking = {
        "POST /v1/predict",
        "POST /v1/predict/batch",
        "POST /v1/explain",
        "POST /v1/feedback",
        "POST /v2/models/{name}/infer",
        "POST /predict",
    }
    giving = {"GET /v1/model", "GET /v2", "GET /info"}
    assert asked >= (taking if mode is GenerationMode.NEGATIVE else {*taking, *giving})
