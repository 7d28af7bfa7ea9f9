"""`comity init`: make a new node's folder, keys, settings and database."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

OLDEST_POSTGRESQL = 15
CONNECT_WITHIN_SECONDS = 10
FOLDERS = ("vault", "spool", "static")


class NotMade(Exception):
    """No node was made and nothing was left behind; the message says what to put right."""


def arguments() -> argparse.ArgumentParser:
    """What `comity init` takes."""
    parser = argparse.ArgumentParser(
        prog="comity init",
        description="Make a node: its folder, its keys, its settings, its database.",
    )
    parser.add_argument("folder", type=Path, help="where the node lives; must be new or empty")
    parser.add_argument("--node-id", required=True, help="for example opg.comity.example")
    parser.add_argument("--state", default="UA", help="two letters, for example UA or JP")
    parser.add_argument("--name-uk", default="")
    parser.add_argument("--name-ja", default="")
    parser.add_argument("--name-en", default="")
    parser.add_argument("--language", default="en", choices=["uk", "ja", "en"])
    parser.add_argument("--time-zone", default="UTC")
    parser.add_argument("--pages-url", default="http://localhost:8000")
    parser.add_argument("--exchange-url", default="https://localhost:8443")
    parser.add_argument("--database-url", default="", help="postgresql://…; else an embedded one")
    parser.add_argument("--tsa-url", action="append", default=[], help="time-stamp authority")
    parser.add_argument("--tsa-root", action="append", default=[], type=Path, help="its root, PEM")
    parser.add_argument(
        "--trusted-proxies", type=int, default=0, metavar="NUMBER",
        help="how many proxies stand in front of the pages, each of which sets "
        "X-Forwarded-For and X-Forwarded-Proto itself",
    )  # fmt: skip
    parser.add_argument("--training", action="store_true", help="mark every page as training")
    return parser


def check(options: argparse.Namespace) -> None:
    """Look at everything that was stated before anything is made. Raises NotMade."""
    options.pages_url = _address("--pages-url", options.pages_url, {"http", "https"})
    options.exchange_url = _address("--exchange-url", options.exchange_url, {"https"})
    for url in options.tsa_url:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise NotMade(f"--tsa-url must be an address with http:// or https://, not {url}.")
    if bool(options.tsa_url) is not bool(options.tsa_root):
        raise NotMade("Give --tsa-url and --tsa-root together, or neither.")
    for path in options.tsa_root:
        _require_certificates(path)
    if options.trusted_proxies < 0:
        raise NotMade("--trusted-proxies must be 0 or more.")
    if options.database_url:
        _require_database(options.database_url, options.folder.resolve())


def _address(name: str, url: str, schemes: set[str]) -> str:
    """The address as scheme, host and port alone: so origins are compared."""
    wanted = " or ".join(f"{scheme}://" for scheme in sorted(schemes))
    try:
        parts = urlsplit(url)
        plain = parts.hostname and parts.path in {"", "/"} and not (parts.query or parts.fragment)
        sound = plain and parts.scheme in schemes and parts.port != 0 and parts.username is None
    except ValueError:
        sound = False
    if not sound:
        raise NotMade(f"{name} must be {wanted} and a host, with a port if need be, not {url}.")
    return url.rstrip("/")


def _require_certificates(path: Path) -> None:
    from comity.core import certificates
    from comity.core.errors import Untrusted

    try:
        certificates.load_certificates(path.read_bytes())
    except OSError as failure:
        raise NotMade(f"--tsa-root {path} cannot be read: {failure.strerror}.") from failure
    except Untrusted as failure:
        raise NotMade(f"--tsa-root {path} is not a certificate in PEM.") from failure


def _require_database(url: str, folder: Path) -> None:
    """Connect once, as the node will; the password stands in no message."""
    from comity.node import env

    try:
        described = env.database(url, folder)
    except (env.MissingSetting, ValueError) as failure:
        raise NotMade(
            "--database-url must be postgresql://user:password@host/name or sqlite:///path."
        ) from failure
    if str(described["ENGINE"]).endswith("sqlite3"):
        place = Path(str(described["NAME"])).parent
        if place != folder and not os.access(place, os.W_OK):
            raise NotMade(f"The folder {place} of --database-url is not there or not writable.")
        return
    _require_postgresql(described)


def _require_postgresql(described: dict[str, Any]) -> None:
    import psycopg

    wanted = {
        "dbname": described["NAME"],
        "user": described["USER"],
        "password": described["PASSWORD"],
        "host": described["HOST"],
        "port": described["PORT"],
        **described["OPTIONS"],
    }
    stated = {name: value for name, value in wanted.items() if value}
    try:
        with psycopg.connect(**{"connect_timeout": CONNECT_WITHIN_SECONDS, **stated}) as opened:
            version = opened.info.server_version // 10_000
    except psycopg.Error as failure:
        said = " ".join(str(failure).split())
        raise NotMade(f"The database of --database-url cannot be used: {said}") from failure
    if version < OLDEST_POSTGRESQL:
        raise NotMade(f"PostgreSQL {OLDEST_POSTGRESQL} or newer is needed; this is {version}.")


@contextmanager
def _nothing_left(folder: Path) -> Iterator[None]:
    """Take away what was made in the folder if making the node fails; keep what was there."""
    there = set(folder.iterdir()) if folder.exists() else None
    try:
        yield
    except BaseException:
        for path in set(folder.iterdir() if folder.exists() else ()) - (there or set()):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        if there is None and folder.exists():
            folder.rmdir()
        raise


def make(options: argparse.Namespace) -> Path:
    """Write keys and settings; return the folder. Raises NotMade where a node is already."""
    from comity.core import keyring

    folder: Path = options.folder.resolve()
    for name in ("node.env", "keys"):
        if (folder / name).exists():
            raise NotMade(f"{folder} already holds a node; choose another folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    host = urlsplit(options.exchange_url).hostname or "localhost"
    hosts = [host] if host not in {"localhost", "127.0.0.1"} else ["localhost", "127.0.0.1"]
    keyring.create(folder / "keys", node_id=options.node_id, hosts=hosts, now=datetime.now(UTC))
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True, mode=0o700)
    lines = "".join(f"{name}={value}\n" for name, value in _values(options, host).items())
    descriptor = os.open(folder / "node.env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(lines)
    return folder


def _values(options: argparse.Namespace, host: str) -> dict[str, str]:
    """The lines of node.env. host: of the exchange."""
    pages_host = urlsplit(options.pages_url).hostname or "localhost"
    values = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "COMITY_NODE_ID": options.node_id,
        "COMITY_STATE": options.state,
        "COMITY_NODE_NAME_UK": options.name_uk or options.node_id,
        "COMITY_NODE_NAME_JA": options.name_ja or options.node_id,
        "COMITY_NODE_NAME_EN": options.name_en or options.node_id,
        "COMITY_LANGUAGE": options.language,
        "COMITY_TIME_ZONE": options.time_zone,
        "COMITY_PAGES_URL": options.pages_url,
        "COMITY_EXCHANGE_URL": options.exchange_url,
        "COMITY_TRUSTED_PROXY_COUNT": str(options.trusted_proxies),
        "COMITY_TRAINING_NODE": "1" if options.training else "0",
        "COMITY_SESSION_COOKIE": f"comity_session_{options.node_id.replace('.', '_')}",
        "ALLOWED_HOSTS": ",".join({pages_host, "localhost", "127.0.0.1", host}),
        "COMITY_TSA_URLS": ",".join(options.tsa_url),
        "COMITY_TSA_ROOTS": ",".join(str(path.resolve()) for path in options.tsa_root),
    }
    if options.database_url:
        values["DATABASE_URL"] = options.database_url
    return values


def prepare_database() -> None:
    """Bring the database to this version and collect the static files. Needs COMITY_HOME.

    Raises NotMade when the database refuses.
    """
    import django
    from django.core.management import call_command
    from django.db import DatabaseError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "comity.node.settings")
    django.setup()
    from comity.node.collecting import collect_static

    try:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
    except DatabaseError as failure:
        said = " ".join(str(failure).split())
        raise NotMade(f"The database cannot be prepared: {said}") from failure
    collect_static()


def main(argv: list[str]) -> int:
    """Run `comity init`; 0 when the node is ready, 2 when none was made."""
    options = arguments().parse_args(argv)
    try:
        check(options)
        with _nothing_left(options.folder.resolve()):
            folder = make(options)
            os.environ["COMITY_HOME"] = str(folder)
            prepare_database()
    except NotMade as reason:
        print(reason)  # noqa: T201
        return 2
    print(f"The node is in {folder}. Next: COMITY_HOME={folder} comity serve, and comity worker.")  # noqa: T201
    return 0
