"""A client made from the document by a public generator works against the running site."""

import importlib
import json
import subprocess
import sys
from uuid import UUID

import pytest

from servicebilling.website import api_document

PACKAGE = "acme_client"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The folder that the generated package lies in."""
    folder = tmp_path_factory.mktemp("generated")
    document, config = folder / "openapi.json", folder / "config.yml"
    document.write_text(json.dumps(api_document.document()))
    config.write_text(f"package_name_override: {PACKAGE}\npost_hooks: []\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate"),
            *("--path", document, "--config", config, "--meta", "none"),
            *("--output-path", folder / PACKAGE, "--fail-on-warning"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def program(package, base_url, key, monkeypatch):
    """A client of that package that shows the key."""
    monkeypatch.syspath_prepend(package)
    made = importlib.import_module(PACKAGE)
    with made.AuthenticatedClient(base_url=base_url, token=key.key, timeout=60) as program:
        yield program
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def call(operation, program, **parameters):
    module = importlib.import_module(f"{PACKAGE}.api.{operation}")
    reply = module.sync_detailed(client=program, **parameters)
    assert reply.parsed is not None, reply.content
    return reply.status_code, reply.parsed


def test_it_reads_usage_calls_and_billing_and_understands_failures(program, clinic):
    _, usage = call("usage.get_usage", program)
    _, month = call("usage.get_usage_current", program)
    _, months = call("usage.get_usage_history", program, limit=2)
    _, first = call("usage.get_usage_calls", program, limit=5)
    _, second = call("usage.get_usage_calls", program, limit=100, cursor=first.next_)
    _, status = call("billing.get_billing_status", program, organization=clinic.slug)
    _, plans = call("billing.get_billing_plans", program)
    _, told = call("billing.get_billing_analytics", program, days=7)
    code, failure = call("usage.get_usage_calls", program, cursor="nonsense")

    assert (usage.organization, usage.plan) == ("acme-dental", "payg")
    assert usage.when_exhausted.value == "postpaid"
    assert month.currency == "USD"
    assert "months" in months.to_dict()
    seen = [one.id for one in [*first.calls, *second.calls]]
    assert len(set(seen)) == 13
    assert isinstance(seen[0], UUID)
    assert first.calls[0].duration_seconds == 83
    assert status.organization == "acme-dental"
    assert {"payg", "hybrid"} <= {plan.code for plan in plans.plans}
    assert len(told.data.trends) == 7
    assert (code, failure.error.code) == (400, "invalid_cursor")
