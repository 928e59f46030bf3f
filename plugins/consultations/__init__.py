"""案件联合会商: expert case consultations, from the town's question to the archived answer."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.contract import Card, Hit, Job, Manifest, NavItem, Permission, RecordAction, RecordType, Setting, Todo, TrailWords
from portal.hookspecs import hookimpl

HERE = Path(__file__).parent


class ConsultationsPlugin:
    """Which hooks the plugin implements, and nothing else."""

    manifest = Manifest("consultations", _l("案件联合会商"), "Expert case consultations", "1.0.0", core=">=0.1")

    @hookimpl
    def portal_blueprints(self) -> list[Any]:
        from plugins.consultations import views, views_library, views_panel, views_paper, views_pool, views_request, views_seats, views_statistics

        modules = (views, views_request, views_panel, views_seats, views_paper, views_pool, views_library, views_statistics)
        return [module.blueprint for module in modules]

    @hookimpl
    def portal_migrations(self) -> Path:
        return HERE / "migrations"

    @hookimpl
    def portal_translations(self) -> Path:
        return HERE / "translations"

    @hookimpl
    def portal_permissions(self) -> list[Permission]:
        from plugins.consultations import rights

        return list(rights.PERMISSIONS)

    @hookimpl
    def portal_role_grants(self) -> dict[str, set[str]]:
        from plugins.consultations import rights

        return rights.GRANTS

    @hookimpl
    def portal_record_types(self) -> list[RecordType]:
        from plugins.consultations import workflow

        return workflow.record_types()

    @hookimpl
    def portal_trail_words(self) -> list[TrailWords]:
        from plugins.consultations.words import WORDS

        return [WORDS]

    @hookimpl
    def portal_workflows(self) -> list[Any]:
        from plugins.consultations import workflow

        return [workflow.CONSULTATION, workflow.SEAT]

    @hookimpl
    def portal_importers(self) -> list[Any]:
        from plugins.consultations import pool

        return [pool.SPEC]

    @hookimpl
    def portal_jobs(self) -> list[Job]:
        from plugins.consultations import jobs

        return [jobs.REMIND]

    @hookimpl
    def portal_settings(self) -> list[Setting]:
        from plugins.consultations import figures

        return list(figures.SETTINGS)

    @hookimpl
    def portal_navigation(self) -> list[NavItem]:
        from plugins.consultations import offers

        return offers.navigation()

    @hookimpl
    def portal_dashboard_cards(self, today: dt.date) -> list[Card]:
        from plugins.consultations import offers

        return offers.cards(today)

    @hookimpl
    def portal_todos(self, today: dt.date) -> list[Todo]:
        from plugins.consultations import offers

        return offers.todos(today)

    @hookimpl
    def portal_search(self, query: str, limit: int) -> list[Hit]:
        from plugins.consultations import offers

        return offers.hits(query, limit)

    @hookimpl
    def portal_record_actions(self, record_type: str, record_id: int) -> list[RecordAction]:
        from plugins.consultations import offers

        return offers.record_actions(record_type, record_id)

    @hookimpl
    def portal_calendar_changed(self, years: list[int]) -> None:
        from plugins.consultations import deadlines

        deadlines.calendar_changed(years)

    @hookimpl
    def portal_commands(self) -> list[Any]:
        from plugins.consultations.commands import consultations

        return [consultations]

    @hookimpl
    def portal_demo(self, context: Any) -> None:
        from plugins.consultations import demo

        demo.load(context)


plugin = ConsultationsPlugin()
