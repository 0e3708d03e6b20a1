"""A stand-in for Vapi: places calls, tells of them, ends them, and breaks on demand.

It remembers its calls, lets them ring and talk by a clock whose pace can be moved, and
sends its messages over real HTTP with the retries that the server's plan asks for, so that
metering can be built, shown and tested without an account at Vapi. It runs as a process of
its own on the loopback address, knows no app of this project, needs nothing beyond the
standard library, and is no part of the production image.

    SANDBOX=1 python -m servicebilling.sandbox.vapi --port 8430 \\
        --webhook-url http://127.0.0.1:8000/api/webhooks/vapi

    server       HTTP, and which of the three doors a request takes: the API, the control URL
                 of a running call, /_sandbox
    api          the API: calls, numbers, assistants, the account
    calls        the life of a call, from its creation to its report
    messages     what is told of it, in Vapi's shapes
    deliveries   how that is sent, and sent again
    faults       what goes wrong, because somebody asked for it
    saving       keeps calls, numbers and assistants in a file
    control      asks for faults, inbound calls, another pace; shows what happened

Where Vapi's behaviour is not known for certain, the module says what was assumed.
"""
