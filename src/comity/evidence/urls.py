"""Addresses of the evidence pages."""

from django.urls import path

from comity.evidence.views import conditions, exposure, files, items, looking, packages

urlpatterns = [
    path("", items.items, name="items"),
    path("add/", items.add, name="item_add"),
    path("package/", packages.package, name="item_package"),
    path("exposure/", exposure.own, name="exposure"),
    path("exposure/<int:pk>/", exposure.colleague, name="exposure_of"),
    path("<int:pk>/", items.item, name="item"),
    path("<int:pk>/thumbnail", looking.thumbnail, name="item_thumbnail"),
    path("<int:pk>/pages/<int:number>", looking.page, name="item_page"),
    path("<int:pk>/poster", looking.poster, name="item_poster"),
    path("<int:pk>/waveform", looking.waveform, name="item_waveform"),
    path("<int:pk>/text/", looking.text, name="item_text"),
    path("<int:pk>/transcript/", looking.transcript, name="item_transcript"),
    path("<int:pk>/mark/", exposure.mark, name="item_mark"),
    path("<int:pk>/unmark/", exposure.unmark, name="item_unmark"),
    path("<int:pk>/open/", files.open_item, name="item_open"),
    path("<int:pk>/file", files.save, name="item_file"),
    path("<int:pk>/show", files.show, name="item_show"),
    path("<int:pk>/close/", files.close, name="item_close"),
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
