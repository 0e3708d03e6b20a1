"""`python -m servicebilling.sandbox.flutterwave`: serve until SIGTERM or Ctrl-C."""

import os
import sys

from servicebilling.sandbox import serving
from servicebilling.sandbox.flutterwave import options
from servicebilling.sandbox.flutterwave.options import Options
from servicebilling.sandbox.flutterwave.running import Sandbox


def main() -> int:
    chosen = options.parse(sys.argv[1:])
    return serving.run(
        lambda: _begin(chosen), title="Flutterwave", port_file=chosen.port_file
    )


def _begin(chosen: Options) -> Sandbox:
    options.check(os.environ)
    secrets = os.environ.get("FLUTTERWAVE_WEBHOOK_HASH", "")
    sandbox = Sandbox(
        port=chosen.port,
        listener=serving.inherited(chosen.listener),
        webhook_url=chosen.webhook_url,
        webhook_secret=secrets.split(",")[0].strip(),
        state=chosen.state,
    )
    sandbox.start()
    return sandbox


if __name__ == "__main__":
    sys.exit(main())
