"""行政执法证件: the register of enforcement certificates, their approval, and the nightly sweep of what has expired."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.contract import Card, Job, Manifest, NavItem, Panel, Permission, RecordType, Role, Setting, Todo, TrailWords
from portal.hookspecs import hookimpl

HERE = Path(__file__).parent


class CertificatesPlugin:
    """Which hooks the plugin implements, and nothing else."""

    manifest = Manifest("certificates", _l("行政执法证件"), "Enforcement certificates", "1.0.0", core=">=0.1")

    @hookimpl
    def portal_blueprints(self) -> list[Any]:
        from plugins.certificates import views, views_applications, views_clearing

        return [views.blueprint, views_applications.blueprint, views_clearing.blueprint]

    @hookimpl
    def portal_migrations(self) -> Path:
        return HERE / "migrations"

    @hookimpl
    def portal_translations(self) -> Path:
        return HERE / "translations"

    @hookimpl
    def portal_roles(self) -> list[Role]:
        from plugins.certificates import rights

        return list(rights.ROLES)

    @hookimpl
    def portal_permissions(self) -> list[Permission]:
        from plugins.certificates import rights

        return list(rights.PERMISSIONS)

    @hookimpl
    def portal_role_grants(self) -> dict[str, set[str]]:
        from plugins.certificates import rights

        return rights.GRANTS

    @hookimpl
    def portal_record_types(self) -> list[RecordType]:
        from plugins.certificates import workflow

        return workflow.record_types()

    @hookimpl
    def portal_workflows(self) -> list[Any]:
        from plugins.certificates import workflow

        return [workflow.CERTIFICATE, workflow.APPLICATION]

    @hookimpl
    def portal_importers(self) -> list[Any]:
        from plugins.certificates import roster

        return [roster.SPEC]

    @hookimpl
    def portal_trail_words(self) -> list[TrailWords]:
        from plugins.certificates.words import WORDS

        return [WORDS]

    @hookimpl
    def portal_jobs(self) -> list[Job]:
        from plugins.certificates import sweep

        return [sweep.JOB]

    @hookimpl
    def portal_settings(self) -> list[Setting]:
        from plugins.certificates import figures

        return list(figures.SETTINGS)

    @hookimpl
    def portal_navigation(self) -> list[NavItem]:
        from plugins.certificates import offers

        return offers.navigation()

    @hookimpl
    def portal_dashboard_cards(self, today: dt.date) -> list[Card]:
        from plugins.certificates import offers

        return offers.cards(today)

    @hookimpl
    def portal_person_panels(self, person: Any) -> list[Panel]:
        from plugins.certificates import offers

        return offers.person_panels(person)

    @hookimpl
    def portal_organisation_panels(self, organisation: Any) -> list[Panel]:
        from plugins.certificates import offers

        return offers.organisation_panels(organisation)

    @hookimpl
    def portal_todos(self, today: dt.date) -> list[Todo]:
        from plugins.certificates import offers

        return offers.todos(today)

    @hookimpl
    def portal_certified(self, person_id: int, day: dt.date) -> bool:
        from plugins.certificates import queries

        return queries.is_certified(person_id, day)

    @hookimpl
    def portal_calendar_changed(self, years: list[int]) -> None:
        from plugins.certificates import operations

        operations.recompute_clearing_dues(years)

    @hookimpl
    def portal_demo(self, context: Any) -> None:
        from plugins.certificates import demo

        demo.load(context)


plugin = CertificatesPlugin()
