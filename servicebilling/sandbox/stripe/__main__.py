"""`python -m servicebilling.sandbox.stripe`: serve until SIGTERM or Ctrl-C."""

import os
import sys

from servicebilling.sandbox import serving
from servicebilling.sandbox.stripe import options
from servicebilling.sandbox.stripe.options import Options
from servicebilling.sandbox.stripe.running import Sandbox


def main() -> int:
    chosen = options.parse(sys.argv[1:])
    return serving.run(lambda: _begin(chosen), title="Stripe", port_file=chosen.port_file)


def _begin(chosen: Options) -> Sandbox:
    options.check(os.environ)
    sandbox = Sandbox(
        port=chosen.port,
        listener=serving.inherited(chosen.listener),
        state=chosen.state,
        public_url=chosen.public_url,
    )
    secret = os.environ.get("STRIPE_WEBHOOK_SECRET", "").split(",")[0].strip()
    sandbox.start(webhook_url=chosen.webhook_url, webhook_secret=secret)
    return sandbox


if __name__ == "__main__":
    sys.exit(main())
