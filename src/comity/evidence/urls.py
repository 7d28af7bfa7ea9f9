"""Addresses of the evidence pages."""

from django.urls import path

from comity.evidence.views import conditions, files, items, keeping, packages

urlpatterns = [
    path("", items.items, name="items"),
    path("add/", items.add, name="item_add"),
    path("package/", packages.package, name="item_package"),
    path("<int:pk>/", items.item, name="item"),
    path("<int:pk>/open/", files.open_item, name="item_open"),
    path("<int:pk>/file", files.save, name="item_file"),
    path("<int:pk>/show", files.show, name="item_show"),
    path("<int:pk>/close/", files.close, name="item_close"),
    path("<int:pk>/verify/", files.verify, name="item_verify"),
    path("<int:pk>/conditions/<int:condition>/uses/", conditions.confirm_use, name="item_use"),
    path(
        "<int:pk>/conditions/<int:condition>/last-day/", conditions.last_day, name="item_last_day"
    ),
    path("<int:pk>/report", packages.report, name="item_report"),
    path("<int:pk>/hold/", keeping.hold, name="item_hold"),
    path("<int:pk>/hold/<int:hold>/lift/", keeping.lift, name="item_hold_lift"),
    path("<int:pk>/move/", keeping.move, name="item_move"),
    path("<int:pk>/erase/", keeping.erase, name="item_erase"),
    path("<int:pk>/erasure/", keeping.erasure, name="item_erasure"),
    path("<int:pk>/entries/<int:index>/", packages.entry, name="item_entry"),
    path("<int:pk>/entries/<int:index>/proof", packages.proof, name="item_proof"),
    path("<int:pk>/entries/<int:index>/body", packages.body, name="item_entry_body"),
    path("<int:pk>/entries/<int:index>/details", packages.details, name="item_entry_details"),
]
