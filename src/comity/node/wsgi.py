"""The entry of the web server, for either listener."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "comity.node.settings")
application = get_wsgi_application()
