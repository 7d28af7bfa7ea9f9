"""Typed readers of the node's settings: the environment, then `node.env` in its folder."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit


class MissingSetting(Exception):
    """A setting without a safe default is not given; the message says where it goes."""


def home() -> Path:
    """The node's folder: keys, database, vault, settings."""
    return Path(os.environ.get("COMITY_HOME", "var/node")).resolve()


@lru_cache(maxsize=4)
def _file_values(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (
        line.split("=", 1)
        for line in path.read_text(encoding="utf-8").splitlines()
        if "=" in line and not line.lstrip().startswith("#")
    )
    return {name.strip(): value.strip() for name, value in pairs}


def text(name: str, default: str | None = None) -> str:
    """A text setting; `NAME_FILE` names a file that holds it, for secrets."""
    values = {**_file_values(home() / "node.env"), **os.environ}
    if name in values:
        return values[name]
    if f"{name}_FILE" in values:
        return Path(values[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
    if default is None:
        raise MissingSetting(
            f"{name} is not set. Run `comity init` to make a node, set COMITY_HOME to its folder, "
            f"or set {name} in the environment."
        )
    return default


def flag(name: str, default: bool) -> bool:
    """A yes/no setting: 1, true, yes, on."""
    return text(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    """A whole number."""
    return int(text(name, str(default)))


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def s3(name: str) -> dict[str, str]:
    """How a bucket is reached: NAME_S3_ENDPOINT, _REGION, _KEY_ID and _SECRET; empty if unset."""
    parts = ("endpoint", "region", "key_id", "secret")
    return {part: text(f"{name}_S3_{part.upper()}", "") for part in parts}


def database(url: str, home_dir: Path) -> dict[str, object]:
    """Django's description of the database at `url`: postgresql://… or sqlite:///PATH."""
    parts = urlsplit(url)
    if parts.scheme in {"postgres", "postgresql"}:
        query = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": query.pop("host", None) or unquote(parts.hostname or ""),
            "PORT": str(parts.port or query.pop("port", "")),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": query,
        }
    if parts.scheme == "sqlite":
        path = Path(unquote(parts.path)) if parts.path else home_dir / "node.sqlite3"
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # FULL: a receipt is given only when the row behind it survives a power cut.
                # secure_delete: a destroyed key is overwritten where it lay.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                "PRAGMA secure_delete=FAST; PRAGMA mmap_size=134217728; PRAGMA cache_size=-16000;",
            },
        }
    raise MissingSetting(
        "DATABASE_URL must start with postgresql:// or sqlite:///; it starts with something else."
    )
