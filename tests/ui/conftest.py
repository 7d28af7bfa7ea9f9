"""The frame alone, driven by a real browser."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from comity.ui import labels
from tests.officers import give_second_step

HERE = Path(__file__).resolve().parent
AXE = HERE.parent / "browser" / "vendor" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


@pytest.fixture(autouse=True)
def frame_alone(settings):
    settings.ROOT_URLCONF = "tests.ui.urls"
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [HERE / "templates"]}]
    settings.FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
    settings.COMITY_NODE_NAMES = {
        "en": "Kyiv Region Prosecutor’s Office",
        "uk": "Київська обласна прокуратура",
        "ja": "キーウ州検察庁",
    }
    settings.COMITY_LABEL_MODULES = ["tests.ui.labels"]
    labels._registry.cache_clear()
    settings.COMITY_TRAINING_NODE = True
    settings.COMITY_NAV_COUNTS = "tests.ui.conftest.nav_counts"
    settings.COMITY_DOOR_FACTS = "tests.ui.conftest.door_facts"
    settings.LANGUAGE_CODE = "en"
    yield
    labels._registry.cache_clear()


def nav_counts(request):
    return {"today": 3}


def door_facts(request):
    return [("Fingerprint", "7c1e 94b0 5d2a")]


# One playwright at a time runs in a thread: each package starts and ends its own.
@pytest.fixture(scope="package")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def signed_in(client, officer):
    """A client with a session that has had its second factor."""

    def sign_in(*roles, **fields):
        client.force_login(give_second_step(officer(*roles, **fields)))
        return client

    return sign_in


@pytest.fixture
def page_at(chromium, live_server, settings):
    """Open a page of the live frame: `page_at("/people/", client, dark=True, width=390)`.

    The page gathers what the browser complains about in `page.complaints`.
    """
    contexts = []

    def open_page(path, client=None, *, dark=False, width=1360, lang="en", scripts=True):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale=lang,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        if client is not None:
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies(
                [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
            )
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda line: page.complaints.append(line.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(live_server.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def violations(page):
    """What axe-core finds with all its rules; the driver runs the file, not the page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document).then((r) => r.violations)")
    return [
        f"{rule['id']}: {node['html'][:160]} | {node.get('failureSummary', '')[:200]}"
        for rule in found
        for node in rule["nodes"]
    ]
