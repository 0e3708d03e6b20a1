"""What may be refused of webhooks to customers' systems."""

from metering.errors import MeteringError


class BadEndpoint(MeteringError):
    code = "invalid"
    status = 400


class TooManyEndpoints(MeteringError):
    code = "too_many_endpoints"


class NoSuchWebhook(MeteringError):
    code = "not_found"
    status = 404
    message = "Not found."
