"""The core's own features, offered through the hooks that plugins use too."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _l

from portal.contract import Card, Job, NavItem, Permission, RecordType, Role, Todo, TrailWords
from portal.hookspecs import hookimpl


class CorePlugin:
    """Roles, rights, navigation, search and jobs of the core."""

    @hookimpl
    def portal_roles(self) -> list[Role]:
        from portal.auth import roles

        return list(roles.CORE_ROLES)

    @hookimpl
    def portal_permissions(self) -> list[Permission]:
        from portal.auth import roles

        return list(roles.CORE_PERMISSIONS)

    @hookimpl
    def portal_role_grants(self) -> dict[str, set[str]]:
        from portal.auth import roles

        return roles.CORE_GRANTS

    @hookimpl
    def portal_navigation(self) -> list[NavItem]:
        from portal.admin import audit_views, town_views
        from portal.admin import views as admin
        from portal.auth import admin as accounts
        from portal.documents import views as documents
        from portal.jobs import views as jobs
        from portal.people import organisations
        from portal.people import views as people

        parts = (people, organisations, admin, accounts, jobs, audit_views, town_views, documents)
        return [item for part in parts for item in part.navigation()]

    @hookimpl
    def portal_dashboard_cards(self, today: dt.date) -> list[Card]:
        from portal.admin import cards

        return cards.cards(today)

    @hookimpl
    def portal_todos(self, today: dt.date) -> list[Todo]:
        from portal.admin import views as admin

        return admin.todos(today)

    @hookimpl
    def portal_record_types(self) -> list[RecordType]:
        from flask import url_for

        from portal.directory.models import Person
        from portal.people import views as people

        def person_url(record_id: int) -> str:
            return url_for("people.detail", person_id=record_id)

        return [RecordType("directory.person", _l("人员"), Person, person_url, "people.read", search=people.SEARCH)]

    @hookimpl
    def portal_trail_words(self) -> list[TrailWords]:
        from portal.core_words import WORDS

        return [WORDS]

    @hookimpl
    def portal_jobs(self) -> list[Job]:
        from portal import rotation
        from portal.backup import nightly
        from portal.jobs import housekeeping, watch
        from portal.people import jobs as people

        return [housekeeping.JOB, watch.JOB, nightly.JOB, rotation.JOB, people.JOB]
