"""The core's own features, offered through the hooks that plugins use too."""

from __future__ import annotations

from portal.contract import Hit, Job, NavItem, Permission, RecordType, Role, TrailWords
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
        from portal.people import views as people

        return [*people.navigation(), *admin.navigation(), *accounts.navigation(), *jobs.navigation(), *audit_views.navigation(), *town_views.navigation(),
                *documents.navigation()]  # fmt: skip

    @hookimpl
    def portal_search(self, query: str, limit: int) -> list[Hit]:
        from portal.people import views as people

        return people.hits(query, limit)

    @hookimpl
    def portal_record_types(self) -> list[RecordType]:
        from flask import url_for

        from portal.directory.models import Person

        def person_url(record_id: int) -> str:
            return url_for("people.detail", person_id=record_id)

        return [RecordType("directory.person", "人员", Person, person_url, "people.read")]

    @hookimpl
    def portal_trail_words(self) -> list[TrailWords]:
        from portal.core_words import WORDS

        return [WORDS]

    @hookimpl
    def portal_jobs(self) -> list[Job]:
        from portal.jobs import housekeeping

        return [housekeeping.JOB]
