"""The node app: wires the others together."""

import gc

from django.apps import AppConfig


class NodeConfig(AppConfig):
    name = "comity.node"
    label = "node"

    def ready(self) -> None:
        from comity.node import checks  # noqa: F401  # registering is the import's purpose

        # What is loaded now stays; looking through it again and again was a sixth of an intake.
        gc.freeze()
