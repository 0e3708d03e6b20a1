from billing.models.catalog import MinuteBundle, Plan

__all__ = ["MinuteBundle", "Plan"]
