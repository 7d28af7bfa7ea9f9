"""What the frame shows to whom, and what stands in error pages."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from comity.core.access import Role

pytestmark = pytest.mark.django_db


def test_the_navigation_holds_what_the_officer_may_follow(signed_in):
    html = signed_in(Role.HUB_COORDINATOR).get("/people/").content.decode()
    assert 'href="/people/" aria-current="page"' in html
    assert 'href="/letters/"' not in html.split("<main")[0].split("cm-nav")[1].split("</nav>")[0]
    html = signed_in(Role.PROSECUTOR).get("/letters/").content.decode()
    assert 'href="/letters/" aria-current="page"' in html
    assert 'href="/people/" aria-current' not in html


def test_an_entry_without_a_page_is_left_out(signed_in):
    """The test node has no exchange: its address does not exist."""
    assert "Exchange" not in signed_in(Role.AUDITOR).get("/letters/").content.decode()


def test_the_number_beside_today_is_spoken(signed_in):
    html = signed_in(Role.PROSECUTOR).get("/").content.decode()
    assert '<span class="vh">waiting: </span>3</span>' in html


def test_the_blank_screen_is_for_those_who_meet_people(signed_in):
    assert "data-blank" in signed_in(Role.HUB_COORDINATOR).get("/people/").content.decode()
    assert "data-blank" not in signed_in(Role.PROSECUTOR).get("/people/").content.decode()


def test_a_stranger_sees_neither_search_nor_navigation(client):
    html = client.get("/account/login/").content.decode()
    assert "cm-find" not in html
    assert "cm-nav" not in html
    assert "Your account" not in html


@pytest.mark.parametrize(("code", "words"), [("uk", "Київська"), ("ja", "検察庁"), ("en", "Kyiv")])
def test_the_node_is_named_in_the_language(client, code, words):
    html = client.get("/account/login/", headers={"accept-language": code}).content.decode()
    assert f'<html lang="{code}" dir="ltr">' in html
    assert words in html


def test_a_training_node_says_so(client, settings):
    assert "All people and events are invented" in client.get("/account/login/").content.decode()
    settings.COMITY_TRAINING_NODE = False
    assert "invented" not in client.get("/account/login/").content.decode()


def test_the_title_never_carries_a_name(signed_in):
    html = signed_in(Role.HUB_COORDINATOR).get("/people/").content.decode()
    title = html.split("<title>")[1].split("</title>")[0]
    assert title == "P-2041 · Comity"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/nothing/", 404, "There is no such page"), ("/forbidden/", 403, "This is not open to you")],
)
def test_error_pages_say_what_happened(signed_in, path, status, words):
    answer = signed_in(Role.PROSECUTOR).get(path)
    assert answer.status_code == status
    assert words in answer.content.decode()


def test_a_form_without_its_mark_is_explained(settings):
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
    answer = Client(enforce_csrf_checks=True).post("/account/login/", {"login": "x"})
    assert answer.status_code == 403
    assert "The page had grown too old" in answer.content.decode()


def test_a_fault_of_ours_is_told_in_three_languages_without_a_request():
    html = render_to_string("500.html", {"error_number": "7F3A"})
    for words in ("Вузол помилився", "ノードで障害が発生しました", "The node made a mistake"):
        assert words in html
    assert html.count("7F3A") == 3
    assert render_to_string("500.html")


def test_pages_keep_their_query_when_turned(signed_in):
    html = signed_in(Role.PROSECUTOR).get("/letters/?state=sent&page=2").content.decode()
    assert 'href="?state=sent&amp;page=3"' in html
    assert html.count('aria-current="page">2</a>') == 1
