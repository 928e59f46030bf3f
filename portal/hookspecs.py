"""The whole contract between the core and its plugins.

A plugin is a package with an object ``plugin`` that has a ``manifest`` and implements any of these hooks with
``portal.hookspecs.hookimpl``. An implementation may take fewer arguments than the specification. Hooks marked "of the
town" are asked only from the plugins that are on for the acting town.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pluggy

from portal.contract import (
    Card,
    Hit,
    Job,
    MeetingRequest,
    NavItem,
    Panel,
    Paper,
    Permission,
    RecordAction,
    RecordSummary,
    RecordType,
    Role,
    ScheduledMeeting,
    Setting,
    Todo,
    TrailWords,
)  # fmt: skip

hookspec = pluggy.HookspecMarker("portal")
hookimpl = pluggy.HookimplMarker("portal")


class PortalHooks:
    """Every hook, in the order in which a plugin author meets them."""

    @hookspec
    def portal_blueprints(self) -> list[Any]:  # type: ignore[empty-body]
        """Flask blueprints, at start. Their pages answer 404 in towns where the plugin is off."""

    @hookspec
    def portal_migrations(self) -> Path:  # type: ignore[empty-body]
        """The folder of the plugin's Alembic revisions, at every migration."""

    @hookspec
    def portal_translations(self) -> Path:  # type: ignore[empty-body]
        """The folder of the plugin's message catalogues, at start."""

    @hookspec
    def portal_roles(self) -> list[Role]:  # type: ignore[empty-body]
        """Roles beside those of the core, at start."""

    @hookspec
    def portal_permissions(self) -> list[Permission]:  # type: ignore[empty-body]
        """Rights that the plugin checks, at start."""

    @hookspec
    def portal_role_grants(self) -> dict[str, set[str]]:  # type: ignore[empty-body]
        """Which role holds which rights: ``{role: {permission, ...}}``, at start."""

    @hookspec
    def portal_record_types(self) -> list[RecordType]:  # type: ignore[empty-body]
        """Kinds of records with the address of their page and, with ``search``, what of them is found, at start."""

    @hookspec
    def portal_trail_words(self) -> list[TrailWords]:  # type: ignore[empty-body]
        """Words for the actions and fields of the trail, wherever events are shown."""

    @hookspec
    def portal_workflows(self) -> list[Any]:  # type: ignore[empty-body]
        """Workflows (``portal.records.workflow.Workflow``), at start: for actions, permission matrix and tests."""

    @hookspec
    def portal_importers(self) -> list[Any]:  # type: ignore[empty-body]
        """What can be imported (``portal.records.importing.ImportSpec``), at start."""

    @hookspec
    def portal_jobs(self) -> list[Job]:  # type: ignore[empty-body]
        """Scheduled jobs, at start of the scheduler and wherever jobs are listed."""

    @hookspec
    def portal_settings(self) -> list[Setting]:  # type: ignore[empty-body]
        """Figures that a town may set from a date on, at start."""

    @hookspec(firstresult=True)
    def portal_setting_impact(self, key: str, org_id: int, value: Any) -> int | None:
        """How many open records of a town another value of a figure would move, before it is set; None: not ours."""

    @hookspec
    def portal_setting_changed(self, key: str, org_id: int, move_open: bool) -> None:
        """A figure of a town was set; called in the same transaction. ``move_open``: open records follow it."""

    @hookspec
    def portal_papers(self) -> list[Paper]:  # type: ignore[empty-body]
        """Papers whose Word template a town may replace, of the town, wherever papers are listed or drawn."""

    @hookspec
    def portal_navigation(self) -> list[NavItem]:  # type: ignore[empty-body]
        """Entries of the navigation, of the town: worked out once for each role in an organisation, until modules or figures change."""

    @hookspec
    def portal_dashboard_cards(self, today: dt.date) -> list[Card]:  # type: ignore[empty-body]
        """Cards of the dashboard, of the town, for what the acting role may see."""

    @hookspec
    def portal_person_panels(self, person: Any) -> list[Panel]:  # type: ignore[empty-body]
        """Panels on the page of a person, of the town."""

    @hookspec
    def portal_organisation_panels(self, organisation: Any) -> list[Panel]:  # type: ignore[empty-body]
        """Panels on the page of a town, of that town; while it is asked, the scope is that town alone."""

    @hookspec
    def portal_todos(self, today: dt.date) -> list[Todo]:  # type: ignore[empty-body]
        """What waits for the acting role, of the town: counted in audited records, anew whenever one has changed, so it vanishes with its cause."""

    @hookspec
    def portal_search(self, query: str, limit: int) -> list[Hit]:  # type: ignore[empty-body]
        """Hits of the search over everything that are not in the index, of the town, at most ``limit``."""

    @hookspec(firstresult=True)
    def portal_examinations(self, person_id: int) -> dict[str, dt.date] | None:
        """Examinations a person has passed: ``{"general": date, "professional": date}``; None: not known here."""

    @hookspec(firstresult=True)
    def portal_certified(self, person_id: int, day: dt.date) -> bool | None:
        """Whether a person may act on a day with a certificate that is good on it; None: not known here."""

    @hookspec
    def portal_record_actions(self, record_type: str, record_id: int) -> list[RecordAction]:  # type: ignore[empty-body]
        """Buttons on the page of somebody else's record, of the town: what may be begun from it, what was."""

    @hookspec(firstresult=True)
    def portal_record_summary(self, record_type: str, record_id: int) -> RecordSummary | None:
        """What others may begin something with, of the town; None: not ours, not there, or not to be passed on."""

    @hookspec(firstresult=True)
    def portal_schedule_meeting(self, request: MeetingRequest) -> ScheduledMeeting | None:
        """Arrange a meeting for a record, of the town, in the transaction of whoever asks; None: no meetings are kept here."""

    @hookspec
    def portal_record_changed(self, record_type: str, record_id: int, action: str, org_id: int) -> None:
        """A record went through a transition of its workflow; called in the same transaction."""

    @hookspec
    def portal_person_changed(self, person_id: int, org_id: int) -> None:
        """What is recorded of a person was entered or corrected on their page; called in the same transaction."""

    @hookspec
    def portal_plugin_switched(self, plugin: str, org_id: int, enabled: bool) -> None:
        """A plugin was switched on or off for a town; called in the same transaction."""

    @hookspec
    def portal_calendar_changed(self, years: list[int]) -> None:
        """A calendar of working days was loaded; open deadlines that touch these years are to be computed anew."""

    @hookspec
    def portal_commands(self) -> list[Any]:  # type: ignore[empty-body]
        """Commands (``click.Command``) beside those of the core, at the start of the command line: one group, named like the plugin."""

    @hookspec
    def portal_demo(self, context: Any) -> None:
        """Load the plugin's demonstration data (``portal.demo.DemoContext``), once, by ``portal init --demo``."""
