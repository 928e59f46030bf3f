"""培训档案: training files, sixty class hours a year, provable for each person."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.contract import Card, Job, Manifest, NavItem, Panel, Paper, Permission, RecordType, Role, Setting, Todo, TrailWords
from portal.hookspecs import hookimpl

HERE = Path(__file__).parent


class TrainingPlugin:
    """Which hooks the plugin implements, and nothing else."""

    manifest = Manifest("training", _l("培训档案"), "Training files", "1.0.0", core=">=0.1")

    @hookimpl
    def portal_blueprints(self) -> list[Any]:
        from plugins.training import (
            views,
            views_edit,
            views_exam,
            views_external,
            views_file,
            views_mine,
            views_plan,
            views_questions,
            views_seats,
            views_sign,
            views_take,
            views_year,
        )

        modules = (views, views_edit, views_seats, views_sign, views_plan, views_external, views_file, views_year, views_exam, views_questions, views_take, views_mine)
        return list(dict.fromkeys(module.blueprint for module in modules))

    @hookimpl
    def portal_migrations(self) -> Path:
        return HERE / "migrations"

    @hookimpl
    def portal_translations(self) -> Path:
        return HERE / "translations"

    @hookimpl
    def portal_roles(self) -> list[Role]:
        from plugins.training import rights

        return list(rights.ROLES)

    @hookimpl
    def portal_permissions(self) -> list[Permission]:
        from plugins.training import rights

        return list(rights.PERMISSIONS)

    @hookimpl
    def portal_role_grants(self) -> dict[str, set[str]]:
        from plugins.training import rights

        return rights.GRANTS

    @hookimpl
    def portal_record_types(self) -> list[RecordType]:
        from plugins.training import workflow

        return workflow.record_types()

    @hookimpl
    def portal_trail_words(self) -> list[TrailWords]:
        from plugins.training.words import WORDS

        return [WORDS]

    @hookimpl
    def portal_workflows(self) -> list[Any]:
        from plugins.training import workflow

        return list(workflow.ALL)

    @hookimpl
    def portal_importers(self) -> list[Any]:
        from plugins.training import sheets, sheets_matrix, sheets_questions

        return [sheets.SPEC, sheets_matrix.SPEC, sheets_questions.SPEC]

    @hookimpl
    def portal_papers(self) -> list[Paper]:
        from plugins.training import layouts

        return list(layouts.PAPERS)

    @hookimpl
    def portal_jobs(self) -> list[Job]:
        from plugins.training import jobs

        return list(jobs.JOBS)

    @hookimpl
    def portal_settings(self) -> list[Setting]:
        from plugins.training import figures

        return list(figures.SETTINGS)

    @hookimpl
    def portal_navigation(self) -> list[NavItem]:
        from plugins.training import offers

        return offers.navigation()

    @hookimpl
    def portal_dashboard_cards(self, today: dt.date) -> list[Card]:
        from plugins.training import offers

        return offers.cards(today)

    @hookimpl
    def portal_person_panels(self, person: Any) -> list[Panel]:
        from plugins.training import offers

        return offers.person_panels(person)

    @hookimpl
    def portal_organisation_panels(self, organisation: Any) -> list[Panel]:
        from plugins.training import offers

        return offers.organisation_panels(organisation)

    @hookimpl
    def portal_todos(self, today: dt.date) -> list[Todo]:
        from plugins.training import offers

        return offers.todos(today)

    @hookimpl
    def portal_examinations(self, person_id: int) -> dict[str, dt.date] | None:
        from plugins.training import offers

        return offers.examinations(person_id)

    @hookimpl(trylast=True)
    def portal_demo(self, context: Any) -> None:
        from plugins.training import demo

        demo.load(context)


plugin = TrainingPlugin()
