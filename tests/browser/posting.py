"""Sending a page's form without drawing the page: for doors, and for the tenth of a kind.

The form is the one the page holds, with what stands in it; only the browser is left out.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import lxml.html
from playwright.sync_api import APIResponse

from tests.browser.seats import Seat


def page_of(answer: APIResponse) -> Any:
    """The page that came; anything but a page that came well is a failure."""
    assert answer.ok, f"{urlsplit(answer.url).path} answered {answer.status}"
    return lxml.html.fromstring(answer.text(), base_url=answer.url)


def read(seat: Seat, path: str) -> Any:
    """The page at this address as this officer gets it."""
    return page_of(seat.context.request.get(seat.place.pages_url + path))


def said_on(page: Any) -> str:
    """What the page tells the officer, in one line."""
    return " ".join(page.text_content().split())


def send(seat: Seat, page: Any, button: str = "", **fields: Any) -> Any:
    """Send the form that has this button and these fields; return the page that came.

    True ticks a box.
    """
    named = set(fields)
    form = next(
        (one for one in page.forms if named <= set(one.fields.keys()) and _has(one, button)), None
    )
    assert form is not None, f"no form with «{button}» and {sorted(named)}: {said_on(page)[:500]}"
    typed = {name: "on" if value is True else value for name, value in fields.items()}
    address = form.action or page.base_url
    kept = {name: value for name, value in form.form_values() if value is not None}
    return page_of(seat.context.request.post(_whole(page.base_url, address), form=kept | typed))


def _has(form: Any, button: str) -> bool:
    inside = [*form.iter("button")]
    own = form.get("id")
    if own:
        inside += form.getroottree().xpath(f"//button[@form='{own}']")
    return any(" ".join(one.text_content().split()).startswith(button) for one in inside)


def _whole(base: str, address: str) -> str:
    """An address of the form, from the page's own."""
    at = urlsplit(base)
    return address if urlsplit(address).netloc else f"{at.scheme}://{at.netloc}{address}"
