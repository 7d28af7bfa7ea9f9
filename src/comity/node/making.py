"""`comity init`: make a new node's folder, keys, settings and database."""

from __future__ import annotations

import argparse
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path


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
    parser.add_argument("--training", action="store_true", help="mark every page as training")
    return parser


def make(options: argparse.Namespace) -> Path:
    """Write keys and settings; return the folder. Refuses a folder that holds a node already."""
    from urllib.parse import urlsplit

    from comity.core import keyring

    folder: Path = options.folder.resolve()
    if (folder / "node.env").exists():
        raise FileExistsError(f"{folder} already holds a node; choose another folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    host = urlsplit(options.exchange_url).hostname or "localhost"
    hosts = [host] if host not in {"localhost", "127.0.0.1"} else ["localhost", "127.0.0.1"]
    keyring.create(folder / "keys", node_id=options.node_id, hosts=hosts, now=datetime.now(UTC))
    for name in ("vault", "spool", "static"):
        (folder / name).mkdir(exist_ok=True, mode=0o700)
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
        "COMITY_TRAINING_NODE": "1" if options.training else "0",
        "COMITY_SESSION_COOKIE": f"comity_session_{options.node_id.replace('.', '_')}",
        "ALLOWED_HOSTS": ",".join({pages_host, "localhost", "127.0.0.1", host}),
        "COMITY_TSA_URLS": ",".join(options.tsa_url),
        "COMITY_TSA_ROOTS": ",".join(str(path.resolve()) for path in options.tsa_root),
    }
    if options.database_url:
        values["DATABASE_URL"] = options.database_url
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    descriptor = os.open(folder / "node.env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(lines)
    return folder


def prepare_database() -> None:
    """Bring the database to this version and collect the static files. Needs COMITY_HOME."""
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "comity.node.settings")
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def main(argv: list[str]) -> int:
    """Run `comity init`; 0 when the node is ready."""
    options = arguments().parse_args(argv)
    try:
        folder = make(options)
    except FileExistsError as exists:
        print(exists)  # noqa: T201
        return 2
    os.environ["COMITY_HOME"] = str(folder)
    prepare_database()
    print(f"The node is in {folder}. Next: COMITY_HOME={folder} comity serve, and comity worker.")  # noqa: T201
    return 0
