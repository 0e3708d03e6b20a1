"""Settings, read from the environment (and from `.env` beside manage.py, if present).

`.env.example` lists every variable. Nothing here may turn a verification off.
"""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from servicebilling.api_look import API_DOCUMENT
from servicebilling.embedded import state
from servicebilling.lib.logs import set_up
from servicebilling.staff_look import UNFOLD  # noqa: F401

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
if state.env_file().is_file():
    environ.Env.read_env(state.env_file())
# What a running ./run tells the commands beside it; on a server there is no such folder.
state.complete(os.environ, var=state.var_dir())


def _secrets(name: str) -> list[str]:
    """Return the comma-separated secrets of a variable: two while one is being rolled."""
    return [part.strip() for part in env.str(name, "").split(",") if part.strip()]


DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Start with ./run, which makes one, or set it in .env."
    )
SECRET_KEY_FALLBACKS = _secrets("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
WEBSITE_URL = env.str("WEBSITE_URL", "http://localhost:8000").rstrip("/")
IS_HTTPS = WEBSITE_URL.startswith("https://")
SANDBOX = env.bool("SANDBOX", False)

INSTALLED_APPS = [
    "servicebilling",
    "adminpanel",
    "servicebilling.website",
    "billing",
    "metering",
    "accounts",
    "unfold.apps.BasicAppConfig",
    "accounts.apps.StaffSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "rest_framework_api_key",
    "drf_spectacular",
    "django_celery_beat",
]

MIDDLEWARE = [
    "servicebilling.lib.logs.requests.told",
    "servicebilling.lib.api_errors.json_under_api",
    "servicebilling.lib.chunked_bodies.with_their_length",
    "servicebilling.lib.bulkhead.seat_and_deadline",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "servicebilling.website.csp.PagePolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.viewing.read_only_while_viewing",
    "servicebilling.website.open_views.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "servicebilling.urls"
WSGI_APPLICATION = "servicebilling.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "servicebilling.website.context.site",
                "servicebilling.website.rehearsal.payments",
            ],
        },
    },
]

DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL", ""))}
if not DATABASES["default"]:
    raise ImproperlyConfigured(
        "DATABASE_URL is not set. ./run starts a database by itself; "
        "elsewhere name one, such as postgresql://user:password@host/servicebilling."
    )
DATABASES["default"] |= {
    # Django's PostgreSQL backend plus a deadline kept by the client.
    "ENGINE": "servicebilling.lib.postgresql",
    # A connection per request costs a factor of two to three in throughput.
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE", 60),
    "CONN_HEALTH_CHECKS": True,
    "ATOMIC_REQUESTS": False,
}
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 2,
    "options": (
        "-c statement_timeout=30000 -c lock_timeout=10000"
        " -c idle_in_transaction_session_timeout=60000"
    ),
} | DATABASES["default"].get("OPTIONS", {})

REDIS_URL = env.str("REDIS_URL", "redis://localhost:6379/0")
# Celery's broker and Django's cache name the same socket in two dialects.
_redis_socket = REDIS_URL.startswith(("unix://", "redis+socket://"))
_redis_path = REDIS_URL.split("://", 1)[1].split("?")[0] if _redis_socket else ""
CELERY_BROKER_URL = f"redis+socket://{_redis_path}" if _redis_socket else REDIS_URL
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"unix://{_redis_path}?db=1" if _redis_socket else REDIS_URL,
        "KEY_PREFIX": "servicebilling",
        # The broker's server runs with noeviction, so every cached key must end.
        "TIMEOUT": 300,
    }
}

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
_ASKED_AGAIN = {
    "max_retries": 1,
    "interval_start": 0.05,
    "interval_step": 0,
    "interval_max": 0.05,
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than any task may last: no message goes out again while its worker lives.
    "visibility_timeout": 1800,
    "unacked_restore_throttle": 1,
    # Who wakes a worker while the broker is away is a request that somebody waits for: it
    # asks once more and goes on, and the clock finds the row. Left alone, that takes six
    # seconds.
    **_ASKED_AGAIN,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = _ASKED_AGAIN
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
PASSWORD_RESET_TIMEOUT = 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "website:dashboard"
LOGOUT_REDIRECT_URL = "website:home"

ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
# Whoever did not change their password or address themselves learns of it.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
# Only in the browser that signed up; elsewhere the link leads to the sign-in page.
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_ADAPTER = "servicebilling.website.account_letters.AccountAdapter"
ACCOUNT_FORMS = {"signup": "accounts.forms.SignUpForm"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if IS_HTTPS else "http"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# A code of half a minute ago still counts: clocks differ, and people type.
MFA_TOTP_TOLERANCE = 1

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "billing@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 10

# What mail services show when they tell of letters that came back: `user:password`, two
# while one is being rolled. Unset, they are not heard.
_mail_keys = {
    "WEBHOOK_SECRET": _secrets("MAIL_WEBHOOK_SECRET"),
    "MAILGUN_WEBHOOK_SIGNING_KEY": env.str("MAILGUN_WEBHOOK_SIGNING_KEY", ""),
    "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": env.str(
        "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY", ""
    ),
}
ANYMAIL = {name: key for name, key in _mail_keys.items() if key or name == "WEBHOOK_SECRET"}

# Proxies in front that each append to X-Forwarded-For; limits count by the address before.
NUM_PROXIES = env.int("NUM_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = NUM_PROXIES
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.KeyOrSession"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["servicebilling.lib.json_answers.ExactJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["servicebilling.lib.json_bodies.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "accounts.api_schema.OperationForKeys",
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.PerKey"],
    "EXCEPTION_HANDLER": "servicebilling.lib.api_errors.answer",
    "COERCE_DECIMAL_TO_STRING": False,
    "STRICT_JSON": True,
    "NUM_PROXIES": NUM_PROXIES,
}
SPECTACULAR_SETTINGS = API_DOCUMENT | {"SERVERS": [{"url": WEBSITE_URL}]}
# Of each key, or signed-in person.
API_REQUESTS_PER_MINUTE = {
    "read": env.int("API_READS_PER_MINUTE", 600),
    "write": env.int("API_WRITES_PER_MINUTE", 3000),
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
# Real end-of-call reports carry transcripts; this limit holds on that URL alone.
VAPI_WEBHOOK_BODY_BYTES_MAX = env.int("VAPI_WEBHOOK_BODY_BYTES_MAX", 8 * 1024 * 1024)

# Who sells, as it stands on documents of our own; lines of the address are separated by |.
SELLER_NAME = env.str("SELLER_NAME", "ServiceBilling")
SELLER_ADDRESS = [line for line in env.str("SELLER_ADDRESS", "").split("|") if line]
SELLER_TAX_ID = env.str("SELLER_TAX_ID", "")

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
STRIPE_WEBHOOK_SECRETS = _secrets("STRIPE_WEBHOOK_SECRET")
# Another address than Stripe's own: the sandbox. Refused together with a live key.
STRIPE_API_BASE = env.str("STRIPE_API_BASE", "")
# Let Stripe work out taxes; the account must be set up for it.
STRIPE_TAX = env.bool("STRIPE_TAX", False)
# Overrides the synced price of the setup fee.
STRIPE_SETUP_FEE_PRICE_ID = env.str("STRIPE_SETUP_FEE_PRICE_ID", "")

FLUTTERWAVE_SECRET_KEY = env.str("FLUTTERWAVE_SECRET_KEY", "")
# Its secret hash: it comes as it is, or signs the body; by the mode `auto`, `hmac` or `hash`.
FLUTTERWAVE_WEBHOOK_SECRETS = _secrets("FLUTTERWAVE_WEBHOOK_HASH")
FLUTTERWAVE_WEBHOOK_MODE = env.str("FLUTTERWAVE_WEBHOOK_MODE", "auto")
# Another address than Flutterwave's own: a stand-in for it.
FLUTTERWAVE_API_BASE = env.str("FLUTTERWAVE_API_BASE", "")

PAYMENT_PROVIDERS = {
    "stripe": "billing.providers.stripe.provider.StripeProvider",
    "flutterwave": "billing.providers.flutterwave.provider.FlutterwaveProvider",
}
# Where several could take a payment; in other currencies the first that has a key.
PAYMENT_PROVIDER_OF_CURRENCY = dict.fromkeys(
    ["NGN", "GHS", "KES", "UGX", "TZS", "RWF", "ZAR", "ZMW", "XAF", "XOF"], "flutterwave"
)
# Where their pages are: forms of ours lead there. Stripe's own domain for pages goes here, too.
PAY_PAGE_ORIGINS = {
    "stripe": [
        "https://checkout.stripe.com",
        "https://billing.stripe.com",
        "https://invoice.stripe.com",
        *env.list("STRIPE_PAGE_ORIGINS", default=[]),
    ],
    "flutterwave": ["https://checkout.flutterwave.com"],
}

VAPI_WEBHOOK_SECRETS = _secrets("VAPI_WEBHOOK_SECRET")
VAPI_API_KEY = env.str("VAPI_API_KEY", "")
VAPI_API_BASE = env.str("VAPI_API_BASE", "https://api.vapi.ai")
# Hosts, with all below them, that running calls are ended at.
VAPI_CONTROL_HOSTS = env.list("VAPI_CONTROL_HOSTS", default=["vapi.ai"])
# Vapi's HMAC credential is configurable in each part; these are its defaults.
VAPI_SIGNATURE_HEADER = env.str("VAPI_SIGNATURE_HEADER", "x-signature")
VAPI_TIMESTAMP_HEADER = env.str("VAPI_TIMESTAMP_HEADER", "x-timestamp")
VAPI_SIGNATURE_PREFIX = env.str("VAPI_SIGNATURE_PREFIX", "")
# Vapi's id of the credential that it shall show with the reports of calls we admitted.
VAPI_CREDENTIAL_ID = env.str("VAPI_CREDENTIAL_ID", "")
# Vapi gives 7.5 s end to end; we answer well before that, whatever the database does.
PRE_CALL_DEADLINE_SECONDS = env.float("PRE_CALL_DEADLINE_SECONDS", 2.0)
# A frozen database must not hold the threads that answer calls.
WEBHOOK_DEADLINE_SECONDS = env.float("WEBHOOK_DEADLINE_SECONDS", 8.0)
# Every other request gives up on the database after this, and says so.
REQUEST_DEADLINE_SECONDS = env.float("REQUEST_DEADLINE_SECONDS", 20.0)
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

SESSION_COOKIE_AGE = 43200
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_HTTPS else "sessionid"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_HTTPS else "csrftoken"
CSRF_TRUSTED_ORIGINS = [WEBSITE_URL]
SECURE_HSTS_SECONDS = 31536000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
# Asking browsers to preload is the owner's decision: it is hard to take back.
SECURE_HSTS_PRELOAD = False
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_SSL_REDIRECT = IS_HTTPS
# API and webhook callers must never be redirected: they would repeat their secret in clear.
SECURE_REDIRECT_EXEMPT = [r"^api/", r"^livez$", r"^readyz$", r"^metrics$"]
if env.bool("TRUSTED_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

LOG_FORMAT = env.str("LOG_FORMAT", "json")
LOGGING = set_up.logging_as(
    LOG_FORMAT,
    level=env.str("LOG_LEVEL", "INFO"),
    secrets=[
        SECRET_KEY,
        *SECRET_KEY_FALLBACKS,
        *STRIPE_WEBHOOK_SECRETS,
        STRIPE_SECRET_KEY,
        *FLUTTERWAVE_WEBHOOK_SECRETS,
        FLUTTERWAVE_SECRET_KEY,
        *VAPI_WEBHOOK_SECRETS,
        VAPI_API_KEY,
        METRICS_TOKEN,
        *ANYMAIL.values(),
        DATABASES["default"].get("PASSWORD") or "",
        vars().get("EMAIL_HOST_PASSWORD") or "",
    ],
)
