"""How the document of the API looks: the settings of what writes it."""

API_DOCUMENT = {
    "TITLE": "ServiceBilling",
    "VERSION": "1",
    "DESCRIPTION": "Usage, balances and billing of an organization's phone agents.",
    "SCHEMA_PATH_PREFIX": "/api/",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "MeterName": "metering.models.Rate.Meter",
        "CallStatus": "metering.models.Call.Status",
        "WhenExhausted": "metering.models.WhenExhausted",
        "Standing": "metering.models.Allowance.Standing",
        "HoldState": "metering.api.asking.HOLD_STATES",
        "DeliveryState": "metering.models.WebhookDelivery.State",
        "EventOutcome": "metering.api.event_fields.OUTCOMES",
        "ReportOutcome": "metering.api.call_reports.OUTCOMES",
    },
}
