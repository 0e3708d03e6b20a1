"""`python -m servicebilling.sandbox.vapi`: serve until SIGTERM or Ctrl-C."""

import os
import sys

from servicebilling.sandbox import serving
from servicebilling.sandbox.vapi import options
from servicebilling.sandbox.vapi.options import Options
from servicebilling.sandbox.vapi.running import Sandbox


def main() -> int:
    chosen = options.parse(sys.argv[1:])
    return serving.run(lambda: _begin(chosen), title="Vapi", port_file=chosen.port_file)


def _begin(chosen: Options) -> Sandbox:
    serving.check_asked_for(os.environ)
    sandbox = Sandbox(
        port=chosen.port,
        listener=serving.inherited(chosen.listener),
        state=chosen.state,
        webhook_url=chosen.webhook_url,
        webhook_secret=os.environ.get("VAPI_WEBHOOK_SECRET", "").split(",")[0].strip(),
    )
    if chosen.pace is not None:
        sandbox.box.settings["pace"] = chosen.pace
    sandbox.start()
    return sandbox


if __name__ == "__main__":
    sys.exit(main())
