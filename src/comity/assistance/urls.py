"""Addresses of the pages of legal assistance; never a name, only numbers."""

from django.urls import path

from comity.assistance.views import desk, files, letter, lists, moving, parts, writing

urlpatterns = [
    path("", lists.letters, name="letters"),
    path("new/", lists.new_letter, name="letter_new"),
    path("<int:pk>/", letter.letter, name="letter"),
    # what a draft says
    path("<int:pk>/case-facts/", writing.basis_facts, name="letter_basis_facts"),
    path("<int:pk>/basis/", writing.choose_basis, name="letter_basis"),
    path(
        "<int:pk>/provisions/<slug:part>/<int:place>/",
        writing.confirm_provision,
        name="letter_confirm",
    ),
    path("<int:pk>/provisions/", writing.cite_provision, name="letter_cite"),
    path("<int:pk>/decide/<slug:field>/", writing.decide_field, name="letter_decide"),
    path("<int:pk>/texts/new/<slug:kind>/", writing.new_text, name="letter_text_new"),
    path("<int:pk>/texts/<int:text>/", writing.edit_text, name="letter_text"),
    path("<int:pk>/texts/<int:text>/remove/", writing.remove_text, name="letter_text_remove"),
    path("<int:pk>/texts/<int:text>/<slug:language>/", writing.translate, name="letter_translate"),
    path("<int:pk>/measures/new/", writing.new_measure, name="letter_measure_new"),
    path("<int:pk>/measures/<int:measure>/", writing.measure, name="letter_measure"),
    path(
        "<int:pk>/measures/<int:measure>/remove/",
        writing.remove_measure,
        name="letter_measure_remove",
    ),
    path("<int:pk>/persons/new/", parts.new_person, name="letter_person_new"),
    path("<int:pk>/persons/<int:person>/", parts.person, name="letter_person"),
    path("<int:pk>/persons/<int:person>/remove/", parts.remove_person, name="letter_person_remove"),
    path("<int:pk>/offences/new/", parts.new_offence, name="letter_offence_new"),
    path("<int:pk>/offences/<int:place>/", parts.offence, name="letter_offence"),
    path(
        "<int:pk>/offences/<int:place>/remove/",
        parts.remove_offence,
        name="letter_offence_remove",
    ),
    path("<int:pk>/proceeding/", writing.proceeding, name="letter_proceeding"),
    path("<int:pk>/way/", writing.transmission, name="letter_transmission"),
    path("<int:pk>/officials/", writing.officials, name="letter_officials"),
    path("<int:pk>/items/new/", parts.new_item, name="letter_item_new"),
    path("<int:pk>/items/<int:exhibit>/remove/", parts.remove_item, name="letter_item_remove"),
    path("<int:pk>/papers/new/", parts.new_paper, name="letter_paper_new"),
    path("<int:pk>/papers/<int:paper>/remove/", parts.remove_paper, name="letter_paper_remove"),
    # how it moves
    path("<int:pk>/ask-review/", moving.ask_review, name="letter_ask_review"),
    path("<int:pk>/review/", moving.review, name="letter_review"),
    path("<int:pk>/return/", moving.give_back, name="letter_return"),
    path("<int:pk>/withdraw/", moving.withdraw, name="letter_withdraw"),
    path("<int:pk>/approve/", moving.approve, name="letter_approve"),
    path("<int:pk>/send/", moving.send, name="letter_send"),
    path("<int:pk>/post/", moving.post, name="letter_post"),
    path("<int:pk>/accept-conditions/", moving.accept_conditions, name="letter_accept_conditions"),
    path("<int:pk>/asked/", moving.partner_asked, name="letter_partner_asked"),
    path("<int:pk>/close/", moving.close, name="letter_close"),
    # the requested side
    path("<int:pk>/register/", desk.register, name="letter_register"),
    path("<int:pk>/accept/", desk.accept, name="letter_accept"),
    path("<int:pk>/original/", desk.original, name="letter_original"),
    path("<int:pk>/reports/<int:place>/", desk.report, name="letter_report"),
    path("<int:pk>/hand-over/", desk.hand_over, name="letter_hand_over"),
    path("<int:pk>/obtained/", desk.upload, name="letter_upload"),
    path("<int:pk>/handed/<int:handed>/remove/", desk.take_back, name="letter_take_back"),
    path("<int:pk>/conditions/", desk.conditions, name="letter_conditions"),
    path("<int:pk>/release/", desk.release, name="letter_release"),
    path("<int:pk>/refuse/", desk.refuse, name="letter_refuse"),
    # files
    path("<int:pk>/documents/<int:document>/", files.document, name="letter_document"),
    path("<int:pk>/papers/<int:paper>/", files.paper, name="letter_paper"),
]
