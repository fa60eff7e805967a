"""The one settings module. What differs between demo, local, test and production differs by ``MODE``."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from . import env

BASE_DIR = Path(__file__).resolve().parent.parent
MODE = env.choice("DAYAQ_MODE", env.MODES, default="local")
PRODUCTION = MODE == "production"
DEMO = MODE == "demo"

SECRET_KEY = env.secret("DAYAQ_SECRET_KEY", strong=PRODUCTION)
# Earlier keys: what was sealed or signed with them can still be opened.
SECRET_KEY_FALLBACKS = env.names("DAYAQ_SECRET_KEY_FALLBACKS")
DEBUG = False
ALLOWED_HOSTS = env.names("DAYAQ_HOSTS") if PRODUCTION else ["127.0.0.1", "localhost", "testserver"]
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("DAYAQ_HOSTS names no host; the product would answer nobody.")

INSTALLED_APPS = [
    "access",
    "events",
    "people",
    "intake",
    "agencies",
    "routing",
    "feedback",
    "sla",
    "delivery",
    "workflows",
    "callcenter",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "channels",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "pghistory",
    "pgtrigger",
    "procrastinate.contrib.django",
    "rest_framework",
    "viewflow",
    "viewflow.workflow",
]

# Viewflow would add its own middleware, which breaks requests without a session user.
VIEWFLOW = {"AUTOREGISTER": False}

MIDDLEWARE = [
    "callcenter.metrics.RequestMetrics",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "callcenter.health.Probes",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "callcenter.web.language.LanguageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "callcenter.web.privacy.NoStoreMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "callcenter.web.refusals.RefusalMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "callcenter.urls"
ASGI_APPLICATION = "callcenter.asgi.application"
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
                "callcenter.web.context.house",
            ],
            "libraries": {
                "dayaq": "callcenter.web.templatetags.dayaq",
                "words": "callcenter.web.templatetags.words",
            },
        },
    }
]

DATABASES = {
    "default": {
        **env.database("DATABASE_URL"),
        "CONN_MAX_AGE": 0,
        # The pool gives nobody a connection that died with the server that it led to.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # Nobody waits for ever: a lock, a statement, a frozen worker inside a transaction.
            "options": "-c lock_timeout=3s -c statement_timeout=15s"
            " -c idle_in_transaction_session_timeout=10s",
            # Under ASGI each request has a thread of its own; a pool bounds the connections.
            **({} if MODE == "test" else {"pool": {"min_size": 1, "max_size": 12, "timeout": 5}}),
        },
        "TEST": {"NAME": "test_dayaq"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.redis("REDIS_URL")
# The loops run in the server, or beside it as processes of their own (``manage relay|clocks|jobs``).
RELAY_INSIDE = env.choice("DAYAQ_RELAY", ("inside", "beside"), default="inside") == "inside"
CLOCKS_INSIDE = env.choice("DAYAQ_CLOCKS", ("inside", "beside"), default="inside") == "inside"
JOBS_INSIDE = env.choice("DAYAQ_JOBS", ("inside", "beside"), default="inside") == "inside"
PROCRASTINATE_IMPORT_PATHS = ["callcenter.jobs"]
# Private networks in which agencies may be told (``10.1.0.0/16,...``); everything else has to be public.
WEBHOOK_NETWORKS = env.networks("DAYAQ_WEBHOOK_NETWORKS")
# Who may read /metrics; without it only this machine, and nobody in production.
METRICS_TOKEN = env.optional("DAYAQ_METRICS_TOKEN")
# In the process, short-lived and rebuildable: nothing that matters may depend on Redis being there.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if MODE == "test"
    else ["django.contrib.auth.hashers.Argon2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
# By user and address together: one mistyping operator must not lock the whole centre's address.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "password"]

SESSION_COOKIE_AGE = 12 * 3600  # one shift
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "callcenter.web.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, without TLS
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {"camera": [], "geolocation": [], "microphone": []}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

LANGUAGE_CODE = "az"
LANGUAGES = [("az", "Azərbaycan"), ("en", "English"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "callcenter" / "locale"]
USE_TZ = True
TIME_ZONE = "Asia/Baku"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
SERVESTATIC_USE_FINDERS = not PRODUCTION
SERVESTATIC_AUTOREFRESH = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "callcenter.api.authentication.TokenAuthentication",
        "callcenter.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["callcenter.api.permissions.Declared"],
    "DEFAULT_PAGINATION_CLASS": "callcenter.api.pagination.NewestFirst",
    "DEFAULT_PARSER_CLASSES": ["callcenter.api.parsing.StrictJSON"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "callcenter.api.problems.handle",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Dayaq",
    "DESCRIPTION": "Applications of veterans and families of the fallen, from the call to the answer.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": ["callcenter.api.openapi.add_errors"],
    "SERVE_PERMISSIONS": ["callcenter.api.permissions.Declared"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "callcenter.logs.Line", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # Request lines hold search words: they do not reach the log. Of exceptions see callcenter.logs.
    "loggers": {
        "django.request": {"level": "ERROR", "handlers": ["console"], "propagate": False},
        "django.security": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
    },
}
