from django.apps import AppConfig


class WebsiteConfig(AppConfig):
    name = "servicebilling.website"
    label = "website"
