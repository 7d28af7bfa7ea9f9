"""Every setting of a node, with safe defaults; values come from `comity.node.env`."""

from __future__ import annotations

import shlex
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from comity.node import env

HOME = env.home()
PACKAGE = Path(__file__).resolve().parent.parent

SECRET_KEY = env.text("SECRET_KEY")
DEBUG = env.flag("DEBUG", False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")

# --- who we are -------------------------------------------------------------------------------
COMITY_NODE_ID = env.text("COMITY_NODE_ID", "node.invalid")
COMITY_STATE = env.text("COMITY_STATE", "UA")
COMITY_NODE_NAMES = {
    "uk": env.text("COMITY_NODE_NAME_UK", "Вузол Comity"),
    "ja": env.text("COMITY_NODE_NAME_JA", "Comityノード"),
    "en": env.text("COMITY_NODE_NAME_EN", "Comity node"),
}
COMITY_TRAINING_NODE = env.flag("COMITY_TRAINING_NODE", False)
# Without a slash at the end: an origin has none, and paths are put behind it.
COMITY_PAGES_URL = env.text("COMITY_PAGES_URL", "http://localhost:8000").rstrip("/")
COMITY_EXCHANGE_URL = env.text("COMITY_EXCHANGE_URL", "https://localhost:8443").rstrip("/")
COMITY_LISTENER = env.text("COMITY_LISTENER", "pages")  # "pages" or "exchange"

# --- where things are -------------------------------------------------------------------------
COMITY_KEYS = Path(env.text("COMITY_KEYS", str(HOME / "keys")))
COMITY_VAULT = Path(env.text("COMITY_VAULT", str(HOME / "vault")))
COMITY_SPOOL = Path(env.text("COMITY_SPOOL", str(HOME / "spool")))
# Beside the database, so that it counts whatever copy of the database is restored.
COMITY_ERASURES = Path(env.text("COMITY_ERASURES", str(HOME / "erasures.jsonl")))
# In no backup at all: it says which checkpoint was signed last, whatever is restored.
COMITY_HEAD_LOCK = Path(env.text("COMITY_HEAD_LOCK", str(HOME / "head.lock")))
# Where sealed objects lie besides, or instead: a folder or s3://bucket/prefix (vault.stores).
COMITY_REPLICA = env.text("COMITY_REPLICA", "")
COMITY_REPLICA_S3 = env.s3("COMITY_REPLICA")
COMITY_OBJECT_STORE = env.text("COMITY_OBJECT_STORE", "")
COMITY_OBJECT_STORE_S3 = env.s3("COMITY_OBJECT_STORE")
COMITY_RESERVED_DISK_BYTES = env.number("COMITY_RESERVED_DISK_BYTES", 256 * 1024 * 1024)
# Files that officers send in pieces: how many bytes one officer may have under way, and how long an
# upload waits for its next piece.
COMITY_UPLOAD_QUOTA_BYTES = env.number("COMITY_UPLOAD_QUOTA_BYTES", 256 * 1024**3)
COMITY_UPLOAD_KEEP_SECONDS = env.number("COMITY_UPLOAD_KEEP_SECONDS", 48 * 3600)
# Folders whose files become items by themselves: JSON, see docs/operate/settings.md.
COMITY_WATCHED_FOLDERS = env.text("COMITY_WATCHED_FOLDERS", "")
COMITY_WATCHED_QUIET_SECONDS = env.number("COMITY_WATCHED_QUIET_SECONDS", 30)

# --- looking at evidence safely ---------------------------------------------------------------
COMITY_SANDBOX = env.text("COMITY_SANDBOX", "bwrap")  # "bwrap", "limits" or "off"
COMITY_TOOL_FOLDERS = [Path(path) for path in env.words("COMITY_TOOL_FOLDERS")]
COMITY_EXAMINE_AT_MOST_BYTES = env.number("COMITY_EXAMINE_AT_MOST_BYTES", 256 * 1024 * 1024)
COMITY_PAGES_AT_MOST = env.number("COMITY_PAGES_AT_MOST", 200)
COMITY_DISTRESSING_VIEWS_A_DAY = env.number("COMITY_DISTRESSING_VIEWS_A_DAY", 0)  # 0: no limit
# Programs of the installation's own; empty: there are none, and no button for them.
COMITY_SPEECH_COMMAND = shlex.split(env.text("COMITY_SPEECH_COMMAND", ""))
COMITY_TRANSLATE_COMMAND = shlex.split(env.text("COMITY_TRANSLATE_COMMAND", ""))
COMITY_PLUGIN_SECONDS = env.number("COMITY_PLUGIN_SECONDS", 3600)
COMITY_PLUGIN_MEMORY_BYTES = env.number("COMITY_PLUGIN_MEMORY_BYTES", 8 * 1024**3)

# --- trusted time -----------------------------------------------------------------------------
COMITY_TSA_URLS = env.words("COMITY_TSA_URLS")
COMITY_TSA_ROOTS = [Path(path) for path in env.words("COMITY_TSA_ROOTS")]
COMITY_TSA_TIMEOUT_SECONDS = env.number("COMITY_TSA_TIMEOUT_SECONDS", 5)
COMITY_TSA_POLICIES = env.words("COMITY_TSA_POLICIES")  # accepted ones; none: any
COMITY_TSA_NEEDED = env.number("COMITY_TSA_NEEDED", 1)  # tokens of different authorities
COMITY_TSA_ALARM_MINUTES = env.number("COMITY_TSA_ALARM_MINUTES", 60)
COMITY_TSA_RENEW_DAYS = env.number("COMITY_TSA_RENEW_DAYS", 90)

# --- exchange ---------------------------------------------------------------------------------
COMITY_MAX_MESSAGE_BYTES = env.number("COMITY_MAX_MESSAGE_BYTES", 64 * 1024 * 1024)
COMITY_MAX_BLOB_BYTES = env.number("COMITY_MAX_BLOB_BYTES", 64 * 1024**3)
COMITY_CLOCK_SKEW_SECONDS = env.number("COMITY_CLOCK_SKEW_SECONDS", 300)
COMITY_EXCHANGE_LEASE_SECONDS = env.number("COMITY_EXCHANGE_LEASE_SECONDS", 20)
# What one partner may take of this node, so that none can fill it or hold it up.
COMITY_EXCHANGE_PARTNER_QUOTA = env.number("COMITY_EXCHANGE_PARTNER_QUOTA", 128 * 1024**3)
COMITY_EXCHANGE_PARTNER_MESSAGES_PER_HOUR = env.number(
    "COMITY_EXCHANGE_PARTNER_MESSAGES_PER_HOUR", 3600
)
COMITY_WITNESS_EVERY_SECONDS = env.number("COMITY_WITNESS_EVERY_SECONDS", 60)
COMITY_EXCHANGE_PARTNER_CALLS = env.number("COMITY_EXCHANGE_PARTNER_CALLS", 2)
COMITY_EXCHANGE_BODY_SECONDS = env.number("COMITY_EXCHANGE_BODY_SECONDS", 30)
COMITY_EXCHANGE_BODY_BYTES_PER_SECOND = env.number(
    "COMITY_EXCHANGE_BODY_BYTES_PER_SECOND", 32 * 1024
)
# The whole list of what a stranger can make this node do (ARCHITECTURE.md, who may import whom).
MESSAGE_HANDLERS = {
    "letter/1": "comity.assistance.actions.receive_letter",
    "acknowledgement/1": "comity.assistance.actions.receive_acknowledgement",
    "conditions/1": "comity.assistance.actions.receive_conditions",
    "conditions-accepted/1": "comity.assistance.actions.receive_acceptance",
    "reply/1": "comity.assistance.actions.receive_reply",
}

# Who may read the messages of which conversations: evidence asks before it packs one.
COMITY_CONVERSATIONS = "comity.assistance.models.letters.conversations_seen"

# What an officer calls the records of their teams: evidence asks when it offers a team.
# The ledger lies below the app of officers and asks it for their names.
COMITY_ACTOR_NAMES = "comity.accounts.models.actor_names"
COMITY_RECORD_NAMES = [
    "comity.cases.models.names_seen",
    "comity.assistance.models.letters.names_seen",
]

# Asked before a message leaves: whether what it carries may still go; if not, it stops it.
COMITY_BEFORE_SENDING = "comity.assistance.actions.may_leave"
# Told in the transaction in which a release of items ends: what carries them is stopped.
COMITY_RELEASE_WITHDRAWN = "comity.assistance.actions.release_withdrawn"

# --- what outsiders attach to evidence (docs/operate/settings.md) ---------------------------------
COMITY_C2PA_TRUST = env.text("COMITY_C2PA_TRUST", "")  # a PEM file of trust anchors
COMITY_PROOFMODE_KEYRING = env.text("COMITY_PROOFMODE_KEYRING", "")  # OpenPGP keys for gpgv
COMITY_DSTU_COMMAND = env.words("COMITY_DSTU_COMMAND")  # a validator and its arguments

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "comity.ui",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "comity.ledger",
    "comity.accounts",
    "comity.vault",
    "comity.exchange",
    "comity.evidence",
    "comity.screening",
    "comity.cases",
    "comity.hub",
    "comity.assistance",
    "comity.coordination",
    "comity.node",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "comity.vault.middleware.UploadMiddleware",  # before CSRF protection, which reads the body
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "comity.accounts.middleware.NotStoredMiddleware",
    "comity.accounts.middleware.OfficerMiddleware",
    "comity.accounts.middleware.RefusalMiddleware",
]
if COMITY_LISTENER == "exchange":  # partners' nodes have no sessions and see no page
    INSTALLED_APPS = [name for name in INSTALLED_APPS if not name.startswith("allauth")]
    MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]

ROOT_URLCONF = "comity.node.urls" if COMITY_LISTENER == "pages" else "comity.node.urls_exchange"
WSGI_APPLICATION = "comity.node.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "comity.ui.context.page",
            ],
        },
    }
]
FORM_RENDERER = "comity.ui.forms.Renderer"

DATABASES = {"default": env.database(env.text("DATABASE_URL", "") or "sqlite://", HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "node_cache"}
}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "ENQUEUE_ON_COMMIT": False,
                     "QUEUES": ["default", "slow"]}}  # fmt: skip
# What the worker looks at by itself: is work due, the task, seconds between looks.
COMITY_SCHEDULE = [
    ("comity.ledger.tasks.sequence_is_due", "comity.ledger.tasks.sequence_ledger", 0.25),
    ("comity.ledger.tasks.stamp_is_due", "comity.ledger.tasks.stamp_checkpoints", 5),
    ("comity.ledger.tasks.renewal_is_due", "comity.ledger.tasks.renew_stamps", 6 * 3600),
    ("comity.ledger.tasks.revocations_are_due", "comity.ledger.tasks.keep_revocations", 900),
    ("comity.exchange.tasks.delivery_is_due", "comity.exchange.tasks.deliver_due", 0.25),
    ("comity.exchange.tasks.inbox_is_due", "comity.exchange.tasks.work_inbox", 0.25),
    ("comity.exchange.tasks.witness_is_due", "comity.exchange.tasks.ask_witnesses", 5),
    ("comity.vault.tasks.sweep_is_due", "comity.vault.tasks.sweep_incoming", 600),
    ("comity.vault.tasks.uploads_are_due", "comity.vault.tasks.sweep_uploads", 600),
    ("comity.vault.tasks.scrub_is_due", "comity.vault.tasks.scrub_some", 3600),
    ("comity.vault.tasks.erasures_are_due", "comity.vault.tasks.replay_erasures", 60),
    ("comity.vault.tasks.copies_are_due", "comity.vault.tasks.copy_objects", 10),
    ("comity.vault.tasks.replica_is_due", "comity.vault.tasks.tend_replica", 3600),
    ("comity.vault.tasks.leftovers_are_due", "comity.vault.tasks.remove_leftovers", 600),
    ("comity.evidence.tasks.sweep_is_due", "comity.evidence.tasks.sweep_packages", 60),
    ("comity.evidence.tasks.watched_are_due", "comity.evidence.tasks.take_in_watched", 10),
    ("comity.evidence.tasks.expansion_is_due", "comity.evidence.tasks.expand_asked", 2),
    ("comity.evidence.tasks.likeness_is_due", "comity.evidence.tasks.find_likeness", 1),
    ("comity.evidence.tasks.examination_is_due", "comity.evidence.tasks.examine_items", 2),
    ("comity.evidence.tasks.text_is_due", "comity.evidence.tasks.make_texts", 2),
    ("comity.accounts.tasks.expiry_is_due", "comity.accounts.tasks.expire_memberships", 60),
]

# What `comity verify_ledger` asks besides: functions that yield what does not fit its entry.
COMITY_LEDGER_CHECKS = [
    "comity.node.custody.custody_findings",
    "comity.node.custody.head_findings",
]

# --- officers and sign-in ---------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Officer"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "comity.accounts.adapters.OfficerAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reauthenticate": "10/m/user",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("COMITY_TRUSTED_PROXY_COUNT", 0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "authenticate": "comity.accounts.second_step.CodeForm",
    "reauthenticate": "comity.accounts.second_step.CodeAgainForm",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = COMITY_PAGES_URL.startswith("http://localhost")
MFA_TOTP_ISSUER = "Comity"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "today"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

SECURE = COMITY_PAGES_URL.startswith("https://")
SESSION_COOKIE_NAME = env.text("COMITY_SESSION_COOKIE", "comity_session")
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = SESSION_COOKIE_NAME.replace("session", "csrf")
CSRF_TRUSTED_ORIGINS = [COMITY_PAGES_URL]
CSRF_FAILURE_VIEW = "comity.node.views.csrf_failure"
if SECURE and ALLAUTH_TRUSTED_PROXY_COUNT:
    # Only behind a proxy that sets this field itself: from anybody else it could be forged.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
# With no-referrer Chromium sends "Origin: null" on forms, which Django rightly refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "script-src": [SELF],
        "img-src": [SELF, "data:"],  # allauth's TOTP code is a data: picture
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- languages --------------------------------------------------------------------------------
LANGUAGE_CODE = env.text("COMITY_LANGUAGE", "en")
LANGUAGES = [("uk", _("Ukrainian")), ("ja", _("Japanese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = SESSION_COOKIE_NAME.replace("session", "language")
LOCALE_PATHS = [PACKAGE / "locale"]
TIME_ZONE = env.text("COMITY_TIME_ZONE", "UTC")
USE_TZ = True

# --- files ------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.flag("COMITY_HASHED_STATIC", True)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_MIMETYPES = {".mjs": "text/javascript"}
FILE_UPLOAD_HANDLERS = ["comity.vault.uploads.SpoolUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# The whole list of pages that take files: what the officer must be allowed, bytes at most.
COMITY_UPLOADS = {
    "item_add": ("add_item", COMITY_MAX_BLOB_BYTES),
    "account_new": ("add_item", COMITY_MAX_BLOB_BYTES),
    "letter_upload": ("execute_letter", COMITY_MAX_BLOB_BYTES),
    "letter_paper_new": ("draft_letter", COMITY_MAX_MESSAGE_BYTES),
    "propose_partner": ("pair_partner", 1024 * 1024),
}
# The same for bodies that are bytes and no form: they are read piece by piece by the page.
COMITY_STREAMS = {"upload": ("add_item", COMITY_MAX_BLOB_BYTES)}

# --- the frame of every page (comity.ui reads these) -------------------------------------------
COMITY_NAV = [
    ("today", _("Today"), "list-checks", ""),
    ("people", _("People"), "users", "see_people"),
    ("cases", _("Cases"), "folder-open", "see_cases"),
    ("items", _("Evidence"), "archive", "see_items"),
    ("letters", _("Letters"), "scroll-text", "see_letters"),
    ("exchange", _("Exchange"), "arrow-left-right", "see_exchange"),
    ("ledger", _("Ledger"), "book-check", "see_ledger"),
    ("officers", _("Administration"), "settings", "see_officers"),
]
COMITY_NAV_COUNTS = "comity.node.views.nav_counts"
COMITY_LABEL_MODULES = [
    "comity.accounts.labels",
    "comity.ledger.labels",
    "comity.vault.labels",
    "comity.exchange.labels",
    "comity.evidence.labels",
    "comity.cases.labels",
    "comity.hub.labels",
    "comity.assistance.labels",
]

EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "comity.node.logs.Line",  # says where a fault was, never with which values
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("COMITY_LOG_LEVEL", "WARNING")},
    # Addresses not found are no fault of ours, and a log of them tells who looked where.
    "loggers": {"django.request": {"level": "ERROR"}},
}
