"""How long the tests may take: a sample each time, whole proofs with LONG=1."""

import os

IS_LONG = os.environ.get("LONG") == "1"
# A race that is lost once in ten shows itself in most runs of the sample.
ROUNDS = 100 if IS_LONG else 12
