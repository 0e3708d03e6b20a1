"""The one API version that this stand-in speaks."""

API_VERSION = "2026-10-28.endive"
