"""The frame alone, driven by a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
AXE = HERE.parent / "browser" / "vendor" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
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
    settings.MIDDLEWARE = [
        name for name in settings.MIDDLEWARE if not name.startswith("comity.accounts.middleware")
    ]
    settings.COMITY_NODE_NAMES = {
        "en": "Kyiv Region Prosecutor’s Office",
        "uk": "Київська обласна прокуратура",
        "ja": "キーウ州検察庁",
    }
    settings.COMITY_TRAINING_NODE = True
    settings.COMITY_NAV_COUNTS = "tests.ui.conftest.nav_counts"
    settings.COMITY_DOOR_FACTS = "tests.ui.conftest.door_facts"
    settings.LANGUAGE_CODE = "en"


def nav_counts(request):
    return {"today": 3}


def door_facts(request):
    return [("Fingerprint", "7c1e 94b0 5d2a")]


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
