"""Run as a program on a node of its own: an officer with a case, who has signed in; prints how."""

from __future__ import annotations

import json
import uuid

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from comity.accounts import actions as accounts  # noqa: E402
from comity.accounts.models import Officer, OfficerRole  # noqa: E402
from comity.core.access import Role  # noqa: E402
from tests.officers import give_second_step  # noqa: E402

officer = Officer(email="melnyk@example.test", name="R. Melnyk")
officer.save()
OfficerRole.objects.create(officer=officer, role=Role.PROSECUTOR, granted_by="test")
give_second_step(officer)
case = uuid.uuid4()
accounts.found_team(officer, kind="case", record=case, members=[])
session = SessionStore()
session[SESSION_KEY] = str(officer.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = officer.get_session_auth_hash()
session.save()
print(
    json.dumps(
        {"cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}", "case": str(case)}
    )
)
