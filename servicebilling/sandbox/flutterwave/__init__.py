"""A stand-in for Flutterwave (v3) on this machine, built from its public documentation.

It knows hosted payments, verification, lists, payment plans, subscriptions, tokenised
charges and refunds, and sends webhooks in each shape that the real one sends.

    SANDBOX=1 python -m servicebilling.sandbox.flutterwave --port 8440 \
        --webhook-url http://127.0.0.1:8000/api/webhooks/flutterwave

The page of a payment asks how it is to end. What is steered by programs:

    POST /_sandbox/pay/TX_REF        {"how": "successful"|"failed"|"pending", "amount"?,
                                      "currency"?, "tx_ref"?, "hook"?: false}
    POST /_sandbox/settle/ID         a pending payment becomes {"status"}
    POST /_sandbox/renew/SUBSCRIPTION  its card is charged again, {"how"?, "tx_ref"?}
    POST /_sandbox/lapse/SUBSCRIPTION  its renewal failed for good
    POST /_sandbox/hook/ID           the webhook of a payment again, {"shape"?}
    POST /_sandbox/faults            {"method"?, "path"?, "kind", "times"?}: kinds are 500,
                                     503, 429, no_answer, lost_answer, slow, garbage
    POST /_sandbox/settings          {"shape", "signs", "delivers", "declines_tokens"}
    POST /_sandbox/reset             forget everything
    GET  /_sandbox/state             everything
"""
