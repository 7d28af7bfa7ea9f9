"""Addresses of the evidence pages."""

from django.urls import path

from comity.evidence.views import (
    adding,
    archives,
    attestations,
    conditions,
    custody,
    files,
    items,
    likeness,
    making,
    packages,
    uploads,
)

urlpatterns = [
    path("", items.items, name="items"),
    path("add/", adding.add, name="item_add"),
    path("uploads/", uploads.uploads, name="uploads"),
    path("uploads/<uuid:uid>/", uploads.upload, name="upload"),
    path("package/", packages.package, name="item_package"),
    path("<int:pk>/", items.item, name="item"),
    path("<int:pk>/open/", files.open_item, name="item_open"),
    path("<int:pk>/file", files.save, name="item_file"),
    path("<int:pk>/show", files.show, name="item_show"),
    path("<int:pk>/close/", files.close, name="item_close"),
    path("<int:pk>/custody/", custody.custody, name="item_custody"),
    path("<int:pk>/custody/event/", custody.event, name="item_event"),
    path("<int:pk>/custody/report", custody.report, name="item_custody_report"),
    path("<int:pk>/contents/", archives.contents, name="item_contents"),
    path("<int:pk>/expand/", archives.expand, name="item_expand"),
    path("<int:pk>/redact/", making.redact, name="item_redact"),
    path("<int:pk>/excerpt/", making.excerpt, name="item_excerpt"),
    path("<int:pk>/pages/<int:page>", making.page, name="item_page"),
    path("<int:pk>/alike/<int:likeness>/dismiss/", likeness.dismiss, name="item_unlike"),
    path("<int:pk>/attestations/", attestations.read, name="item_attest"),
    path("<int:pk>/verify/", files.verify, name="item_verify"),
    path("<int:pk>/conditions/<int:condition>/uses/", conditions.confirm_use, name="item_use"),
    path(
        "<int:pk>/conditions/<int:condition>/last-day/", conditions.last_day, name="item_last_day"
    ),
    path("<int:pk>/entries/<int:index>/", packages.entry, name="item_entry"),
    path("<int:pk>/entries/<int:index>/proof", packages.proof, name="item_proof"),
    path("<int:pk>/entries/<int:index>/body", packages.body, name="item_entry_body"),
    path("<int:pk>/entries/<int:index>/details", packages.details, name="item_entry_details"),
]
