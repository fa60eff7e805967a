"""The router of version 1."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from access.policy import Action

from .applications import ApplicationsResource
from .calendar import WorkingCalendar
from .clocks import Escalations
from .contacts import ContactsResource
from .directory import ServiceCapacity, Services
from .people import PeopleResource
from .reading import Board, Forecast, Live, Nowhere, ReferenceList, RoutingPreview, RoutingSuggest
from .referrals import NextInQueue, ReferralsResource
from .rulesets import RuleSetModel, RuleSetSchema, RuleSetSheet, RuleSetsResource


class Schema(SpectacularAPIView):
    actions = {"GET": Action.SCHEMA_VIEW}


router = SimpleRouter(use_regex_path=False)
router.register("people", PeopleResource, basename="people")
router.register("contacts", ContactsResource, basename="contacts")
router.register("applications", ApplicationsResource, basename="applications")
router.register("referrals", ReferralsResource, basename="referrals")
router.register("rulesets", RuleSetsResource, basename="rulesets")

urlpatterns = [
    path("", include(router.urls)),
    path("routing/preview/", RoutingPreview.as_view(), name="routing-preview"),
    path("routing/suggest/", RoutingSuggest.as_view(), name="routing-suggest"),
    path("queues/<str:unit>/next/", NextInQueue.as_view(), name="queue-next-api"),
    path("board/", Board.as_view(), name="board-api"),
    path("escalations/", Escalations.as_view(), name="escalations-api"),
    path("forecast/", Forecast.as_view(), name="forecast-api"),
    path("calendar/", WorkingCalendar.as_view(), name="calendar-api"),
    path("live/<str:topic>/", Live.as_view(), name="live"),
    path("reference/services/", Services.as_view(), name="services-api"),
    path(
        "reference/services/<uuid:service>/capacity/", ServiceCapacity.as_view(), name="service-capacity-api"
    ),
    path("reference/<str:kind>/", ReferenceList.as_view(), name="reference"),
    path("rulesets/<int:number>/dmn/", RuleSetModel.as_view(), name="ruleset-dmn"),
    path("rulesets/<int:number>/xlsx/", RuleSetSheet.as_view(), name="ruleset-sheet"),
    path("schema/ruleset/", RuleSetSchema.as_view(), name="ruleset-schema"),
    path("schema/", Schema.as_view(), name="schema"),
    path("", Nowhere.as_view(), name="nowhere"),
    path("<path:rest>/", Nowhere.as_view(), name="nowhere-below"),
]
