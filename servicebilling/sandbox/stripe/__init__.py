"""A stand-in for Stripe: the same protocol over real HTTP, spoken to the real SDK.

It keeps state, moves its own clock, signs its webhooks and breaks on demand, so that selling
can be built, shown and tested without an account at Stripe and without a network. It runs as
a process of its own on the loopback address, knows no app of this project, needs nothing
beyond the standard library, and is no part of the production image.

    python -m servicebilling.sandbox.stripe --port 8420 --state var/sandbox/stripe.json

What goes in and out:

    server        HTTP, and which of the three doors a request takes: /v1, pages, /_sandbox
    api           one API request from key to answer: faults, idempotency, expand
    forms, parameters, errors, listing, presenting
                  Stripe's way with forms, parameters, mistakes, lists and objects
    box           everything that is remembered; `saving` keeps it in a file
    clock         moves time and does what falls due on the way

What is remembered, a module or package per family: customers, products, prices, coupons,
meters, payment methods, payment and setup intents, charges, refunds, disputes, credit notes,
invoices, subscriptions, schedules, checkout, portal, events and their delivery.

It follows API version 2026-10-28.endive. Where Stripe's behaviour is not known for certain,
the module says what was assumed.
"""
