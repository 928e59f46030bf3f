"""联席会议: joint-conference meetings, from the topic to the verified resolution."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.contract import Card, Job, Manifest, MeetingRequest, NavItem, Panel, Paper, Permission, RecordType, Role, ScheduledMeeting, Setting, Todo, TrailWords
from portal.hookspecs import hookimpl

HERE = Path(__file__).parent


class MeetingsPlugin:
    """Which hooks the plugin implements, and nothing else."""

    manifest = Manifest("meetings", _l("联席会议"), "Joint-conference meetings", "1.0.0", core=">=0.1")

    @hookimpl
    def portal_blueprints(self) -> list[Any]:
        from plugins.meetings import views, views_calendar, views_members, views_minutes, views_papers, views_planning, views_resolutions, views_room, views_topics

        modules = (views, views_planning, views_topics, views_members, views_room, views_minutes, views_resolutions, views_calendar, views_papers)
        return [module.blueprint for module in modules]

    @hookimpl
    def portal_migrations(self) -> Path:
        return HERE / "migrations"

    @hookimpl
    def portal_translations(self) -> Path:
        return HERE / "translations"

    @hookimpl
    def portal_roles(self) -> list[Role]:
        from plugins.meetings import rights

        return list(rights.ROLES)

    @hookimpl
    def portal_permissions(self) -> list[Permission]:
        from plugins.meetings import rights

        return list(rights.PERMISSIONS)

    @hookimpl
    def portal_role_grants(self) -> dict[str, set[str]]:
        from plugins.meetings import rights

        return rights.GRANTS

    @hookimpl
    def portal_record_types(self) -> list[RecordType]:
        from plugins.meetings import workflow

        return workflow.record_types()

    @hookimpl
    def portal_trail_words(self) -> list[TrailWords]:
        from plugins.meetings.words import WORDS

        return [WORDS]

    @hookimpl
    def portal_schedule_meeting(self, request: MeetingRequest) -> ScheduledMeeting | None:
        from plugins.meetings import arranging

        return arranging.arrange(request)

    @hookimpl
    def portal_workflows(self) -> list[Any]:
        from plugins.meetings import workflow

        return list(workflow.WORKFLOWS)

    @hookimpl
    def portal_jobs(self) -> list[Job]:
        from plugins.meetings import archive, jobs

        return [jobs.HALF_YEARS, jobs.REMIND, archive.ARCHIVES]

    @hookimpl
    def portal_settings(self) -> list[Setting]:
        from plugins.meetings import figures

        return list(figures.SETTINGS)

    @hookimpl
    def portal_papers(self) -> list[Paper]:
        from plugins.meetings import layouts

        return list(layouts.PAPERS)

    @hookimpl
    def portal_navigation(self) -> list[NavItem]:
        from plugins.meetings import offers

        return offers.navigation()

    @hookimpl
    def portal_dashboard_cards(self, today: dt.date) -> list[Card]:
        from plugins.meetings import offers

        return offers.cards(today)

    @hookimpl
    def portal_person_panels(self, person: Any) -> list[Panel]:
        from plugins.meetings import offers

        return offers.person_panels(person)

    @hookimpl
    def portal_organisation_panels(self, organisation: Any) -> list[Panel]:
        from plugins.meetings import offers

        return offers.organisation_panels(organisation)

    @hookimpl
    def portal_todos(self, today: dt.date) -> list[Todo]:
        from plugins.meetings import offers

        return offers.todos(today)

    @hookimpl
    def portal_plugin_switched(self, plugin: str, org_id: int, enabled: bool) -> None:
        from plugins.meetings import offers

        offers.switched(plugin, org_id, enabled)

    @hookimpl
    def portal_calendar_changed(self, years: list[int]) -> None:
        from plugins.meetings import jobs

        jobs.calendar_changed(years)

    @hookimpl
    def portal_demo(self, context: Any) -> None:
        from plugins.meetings import demo

        demo.load(context)


plugin = MeetingsPlugin()
