"""Pages by place of work. Every view is declared with ``doors.page`` or stands in ``PUBLIC`` below."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path

from . import (
    applications,
    board,
    calendar,
    clockwork,
    deliveries,
    desk,
    directory,
    home,
    presence,
    queue,
    rules,
    triage,
)
from .sign_in import SignIn

SIGN_IN = auth.LoginView.as_view(redirect_authenticated_user=True, authentication_form=SignIn)

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", SIGN_IN, name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("desk/", desk.desk, name="desk"),
    path("desk/search/", desk.search, name="desk-search"),
    path("desk/people/new/", desk.add_person, name="desk-add-person"),
    path("desk/people/<uuid:person>/", desk.person, name="desk-person"),
    path("desk/preview/", desk.preview, name="desk-preview"),
    path("desk/topics/", desk.topics, name="desk-topics"),
    path("desk/contacts/<uuid:contact>/", desk.change_contact, name="desk-contact"),
    path("desk/contacts/<uuid:contact>/finalise/", desk.finalise, name="desk-finalise"),
    path("desk/register/", desk.register, name="desk-register"),
    path("confirmations/", desk.confirmations, name="confirmations"),
    path("triage/", triage.triage, name="triage"),
    path("triage/list/", triage.waiting, name="triage-list"),
    path("triage/<uuid:application>/", triage.settle, name="triage-settle"),
    path("queue/", queue.first, name="queue"),
    path("queue/<str:unit>/", queue.queue, name="queue-unit"),
    path("queue/<str:unit>/list/", queue.rows, name="queue-rows"),
    path("queue/<str:unit>/next/", queue.take_next, name="queue-next"),
    path("referrals/<uuid:referral>/", queue.referral, name="referral"),
    path("referrals/<uuid:referral>/row/", queue.row, name="referral-row"),
    path("referrals/<uuid:referral>/<str:verb>/", queue.act, name="referral-act"),
    path("applications/", applications.index, name="applications"),
    path("applications/<uuid:application>/", applications.show, name="application"),
    path("applications/<uuid:application>/part/", applications.part, name="application-part"),
    path("applications/<uuid:application>/<str:verb>/", applications.act, name="application-act"),
    path("presence/<str:kind>/<uuid:record>/", presence.others, name="presence"),
    path("board/", board.board, name="board"),
    path("board/part/", board.part, name="board-part"),
    path("board/time/", clockwork.time, name="time"),
    path("board/time/part/", clockwork.part, name="time-part"),
    path("deliveries/", deliveries.index, name="deliveries"),
    path("deliveries/new/", deliveries.add, name="delivery-add"),
    path("deliveries/<uuid:endpoint>/", deliveries.show, name="delivery"),
    path("deliveries/<uuid:endpoint>/<str:verb>/", deliveries.act, name="delivery-act"),
    path(
        "deliveries/<uuid:endpoint>/<uuid:delivery>/<str:verb>/", deliveries.act_on_one, name="delivery-one"
    ),
    path("directory/", directory.index, name="directory"),
    path("directory/new/", directory.add, name="service-add"),
    path("directory/<uuid:service>/", directory.show, name="service"),
    path("directory/<uuid:service>/edit/", directory.edit, name="service-edit"),
    path("directory/<uuid:service>/report/", directory.report, name="service-report"),
    path("directory/<uuid:service>/confirm/", directory.confirm, name="service-confirm"),
    path("directory/<uuid:service>/close/", directory.close, name="service-close"),
    path("rules/", rules.table.in_force, name="rules"),
    path("rules/proposals/", rules.proposals.show, name="rule-proposals"),
    path("rules/proposals/take/", rules.proposals.take, name="rule-proposal-take"),
    path("rules/<int:number>/", rules.table.show, name="ruleset"),
    path("rules/<int:number>/draft/", rules.publishing.begin, name="ruleset-begin"),
    path("rules/<int:number>/publish/", rules.publishing.publish, name="ruleset-publish"),
    path("rules/<int:number>/upload/", rules.sheets.upload, name="ruleset-upload"),
    path("rules/<int:number>/rehearsal/", rules.rehearsal.show, name="rehearsal"),
    path("rules/<int:number>/rehearse/", rules.rehearsal.again, name="rehearse"),
    path("rules/<int:number>/compare/<int:other>/", rules.compare.show, name="ruleset-compare"),
    path("rules/<int:number>/add/<str:section>/", rules.editing.add, name="rule-add"),
    path("rules/<int:number>/line/<int:place>/", rules.editing.line, name="rule-line"),
    path("rules/<int:number>/hit/", rules.questions.set_hit, name="rule-hit"),
    path("rules/<int:number>/questions/", rules.questions.show, name="rule-questions"),
    path("rules/<int:number>/questions/add/", rules.questions.add, name="question-add"),
    path("rules/<int:number>/questions/<str:question>/", rules.questions.edit, name="question"),
    path(
        "rules/<int:number>/questions/<str:question>/remove/", rules.questions.remove, name="question-remove"
    ),
    path("rules/<int:number>/terms/add/", rules.questions.add_term, name="term-add"),
    path("rules/<int:number>/terms/<str:term>/", rules.questions.edit_term, name="term"),
    path("rules/<int:number>/terms/<str:term>/remove/", rules.questions.remove_term, name="term-remove"),
    path("rules/<int:number>/rule/<str:rule>/", rules.rule.show, name="rule"),
    path("rules/<int:number>/rule/<str:rule>/edit/", rules.editing.edit, name="rule-edit"),
    path("rules/<int:number>/rule/<str:rule>/remove/", rules.editing.remove, name="rule-remove"),
    path("rules/<int:number>/rule/<str:rule>/move/", rules.editing.move, name="rule-move"),
    path("rules/<int:number>/rule/<str:rule>/cases/", rules.cases.add, name="case-add"),
    path("rules/<int:number>/rule/<str:rule>/cases/<str:case>/", rules.cases.edit, name="case"),
    path(
        "rules/<int:number>/rule/<str:rule>/cases/<str:case>/remove/", rules.cases.remove, name="case-remove"
    ),
    path("rules/<int:number>/<str:verb>/", rules.publishing.act, name="ruleset-act"),
    path("calendar/", calendar.show, name="calendar"),
    path("calendar/edit/", calendar.edit, name="calendar-edit"),
]
