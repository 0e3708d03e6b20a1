"""Whatever is sent to any operation of the document: no 5xx, and answers are as it says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from servicebilling.website import api_document
from tests.length import IS_LONG

EXAMPLES = 150 if IS_LONG else 3
PHASES = [Phase.explicit, Phase.generate, *([Phase.shrink] if IS_LONG else [])]
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.mark.long
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_the_document_says(mode, base_url, key, staff_key):
    document = schemathesis.openapi.from_dict(api_document.document())
    asked = 0
    for result in document.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=PHASES,
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case):
            nonlocal asked
            asked += 1
            is_for_staff = case.path.startswith("/api/admin/")
            headers = {
                "Authorization": f"Bearer {(staff_key if is_for_staff else key).key}"
            }
            reply = case.call(base_url=base_url, headers=headers)
            case.validate_response(reply, checks=CHECKS, headers=headers)

        ask()
    assert asked > 20
