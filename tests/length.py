"""How long the tests may take: a sample each time, whole proofs with LONG=1."""

import os

from hypothesis import HealthCheck, settings

IS_LONG = os.environ.get("LONG") == "1"
# A race that is lost once in ten shows itself in most runs of the sample.
ROUNDS = 100 if IS_LONG else 12

# The same examples each time, and as long as a busy machine takes; LONG=1 looks for others.
settings.register_profile(
    "suite",
    derandomize=not IS_LONG,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")
