"""投诉举报: complaint intake from the first telephone call to the archived reply."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.contract import Card, Job, Manifest, NavItem, Panel, Paper, Permission, RecordSummary, RecordType, Role, Setting, Todo, TrailWords
from portal.hookspecs import hookimpl

HERE = Path(__file__).parent


class ComplaintsPlugin:
    """Which hooks the plugin implements, and nothing else."""

    manifest = Manifest("complaints", _l("投诉举报"), "Complaint intake", "1.0.0", core=">=0.1")

    @hookimpl
    def portal_blueprints(self) -> list[Any]:
        from plugins.complaints import views, views_identity, views_incoming, views_papers, views_places, views_publicity, views_register, views_statistics

        own = (views, views_register, views_incoming, views_publicity, views_identity, views_places, views_papers, views_statistics)
        return [*(part.blueprint for part in own), views_publicity.contacts]

    @hookimpl
    def portal_migrations(self) -> Path:
        return HERE / "migrations"

    @hookimpl
    def portal_translations(self) -> Path:
        return HERE / "translations"

    @hookimpl
    def portal_roles(self) -> list[Role]:
        from plugins.complaints import rights

        return list(rights.ROLES)

    @hookimpl
    def portal_permissions(self) -> list[Permission]:
        from plugins.complaints import rights

        return list(rights.PERMISSIONS)

    @hookimpl
    def portal_role_grants(self) -> dict[str, set[str]]:
        from plugins.complaints import rights

        return rights.GRANTS

    @hookimpl
    def portal_record_types(self) -> list[RecordType]:
        from plugins.complaints import workflow

        return workflow.record_types()

    @hookimpl
    def portal_trail_words(self) -> list[TrailWords]:
        from plugins.complaints.words import WORDS

        return [WORDS]

    @hookimpl
    def portal_workflows(self) -> list[Any]:
        from plugins.complaints import workflow

        return [workflow.COMPLAINT, workflow.INCOMING]

    @hookimpl
    def portal_importers(self) -> list[Any]:
        from plugins.complaints import hotline, ledger, places

        return [ledger.SPEC, hotline.SPEC, places.SPEC]

    @hookimpl
    def portal_jobs(self) -> list[Job]:
        from plugins.complaints import jobs

        return [jobs.REMIND, jobs.FORGET]

    @hookimpl
    def portal_settings(self) -> list[Setting]:
        from plugins.complaints import figures

        return list(figures.SETTINGS)

    @hookimpl
    def portal_setting_impact(self, key: str, org_id: int, value: Any) -> int | None:
        from plugins.complaints import offers

        return offers.setting_impact(key, org_id, value)

    @hookimpl
    def portal_setting_changed(self, key: str, org_id: int, move_open: bool) -> None:
        from plugins.complaints import offers

        offers.setting_changed(key, org_id, move_open)

    @hookimpl
    def portal_papers(self) -> list[Paper]:
        from plugins.complaints import papers

        return list(papers.PAPERS)

    @hookimpl
    def portal_navigation(self) -> list[NavItem]:
        from plugins.complaints import offers

        return offers.navigation()

    @hookimpl
    def portal_dashboard_cards(self, today: dt.date) -> list[Card]:
        from plugins.complaints import offers

        return offers.cards(today)

    @hookimpl
    def portal_person_panels(self, person: Any) -> list[Panel]:
        from plugins.complaints import offers

        return offers.person_panels(person)

    @hookimpl
    def portal_organisation_panels(self, organisation: Any) -> list[Panel]:
        from plugins.complaints import offers

        return offers.organisation_panels(organisation)

    @hookimpl
    def portal_todos(self, today: dt.date) -> list[Todo]:
        from plugins.complaints import offers

        return offers.todos(today)

    @hookimpl
    def portal_record_summary(self, record_type: str, record_id: int) -> RecordSummary | None:
        from plugins.complaints import offers

        return offers.summary(record_type, record_id)

    @hookimpl
    def portal_calendar_changed(self, years: list[int]) -> None:
        from plugins.complaints import limits

        limits.calendar_changed(years)

    @hookimpl
    def portal_person_changed(self, person_id: int, org_id: int) -> None:
        from plugins.complaints import accusations
        from portal.database import db

        accusations.renew(db.session(), org_id)

    @hookimpl
    def portal_demo(self, context: Any) -> None:
        from plugins.complaints import demo

        demo.load(context)


plugin = ComplaintsPlugin()
