"""How the Django admin looks: the settings of its theme."""

from django.templatetags.static import static

UNFOLD = {
    "SITE_TITLE": "ServiceBilling staff",
    "SITE_HEADER": "ServiceBilling",
    "SITE_SUBHEADER": "Staff pages",
    "SIDEBAR": {"navigation": "adminpanel.navigation.groups"},
    "DASHBOARD_CALLBACK": "adminpanel.overview.views.index_context",
    "SITE_ICON": lambda request: static("img/logo.svg"),
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("img/logo.svg"),
        }
    ],
    "BORDER_RADIUS": "6px",
    # The greys and the green of static/css/tokens.css, as steps of lightness.
    "COLORS": {
        "base": {
            "50": "#f6f6f2",
            "100": "#f1f2ed",
            "200": "#e2e4dc",
            "300": "#cdd0c7",
            "400": "#98a29d",
            "500": "#676e69",
            "600": "#474d49",
            "700": "#353b38",
            "800": "#262c29",
            "900": "#181c1a",
            "950": "#101312",
        },
        "primary": {
            "50": "#f0f8f5",
            "100": "#e4f1ec",
            "200": "#c3e2d8",
            "300": "#8fcdbb",
            "400": "#5cc9ae",
            "500": "#2a9a80",
            "600": "#0d6454",
            "700": "#0b5547",
            "800": "#094d40",
            "900": "#17312a",
            "950": "#07211b",
        },
    },
}
