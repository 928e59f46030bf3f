"""``portal plugins new``: a small working plugin to start from."""

from __future__ import annotations

from pathlib import Path

import click

from portal import __version__
from portal.cli.base import as_json, show
from portal.plugins import NAME

FILES = {
    "__init__.py": '''"""{title}: what this plugin is for, in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.contract import Manifest, NavItem, Permission, RecordType
from portal.hookspecs import hookimpl

HERE = Path(__file__).parent


class Plugin:
    """Which hooks the plugin implements, and nothing else."""

    manifest = Manifest("{name}", _l("{title}"), "{title}", "0.1.0", core=">={core}")

    @hookimpl
    def portal_blueprints(self) -> list[Any]:
        from . import views

        return [views.blueprint]

    @hookimpl
    def portal_migrations(self) -> Path:
        return HERE / "migrations"

    @hookimpl
    def portal_permissions(self) -> list[Permission]:
        return [Permission("{name}.read", _l("{title}")), Permission("{name}.edit", _l("{title}"))]

    @hookimpl
    def portal_role_grants(self) -> dict[str, set[str]]:
        return {{"handling_officer": {{"{name}.read", "{name}.edit"}}, "office_head": {{"{name}.read"}}, "supervisor": {{"{name}.read"}}}}

    @hookimpl
    def portal_record_types(self) -> list[RecordType]:
        from . import views
        from .models import Note

        return [RecordType("{name}.note", _l("{title}"), Note, views.url, "{name}.read")]

    @hookimpl
    def portal_navigation(self) -> list[NavItem]:
        return [NavItem(_l("{title}"), "{name}.index", "{name}.read", "file-text", 500, _l("{title}"))]


plugin = Plugin()
''',
    "models.py": '''"""Tables of the plugin."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, OrgScoped, Versioned


class Note(OrgScoped, Versioned, Base):
    """A note of a town. Tenancy, trail and the switch of the plugin come with the base classes."""

    __tablename__ = "{name}_note"
    __record__ = "{name}.note"
    __plugin__ = "{name}"
    __table_args__ = (Index(None, "org_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(200))
''',
    "operations.py": '''"""What people do with it: one function a thing, one transaction each."""

from __future__ import annotations

from portal.work import unit_of_work

from .models import Note


def add_note(org_id: int, text: str) -> int:
    """Add a note; returns its id."""
    with unit_of_work("{name}.added") as session:
        note = Note(org_id=org_id, text=text)
        session.add(note)
        session.flush()
        return note.id
''',
    "views.py": '''"""Pages: read the request, call an operation, choose a template."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from portal.forms import Form as FlaskForm
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from portal.auth.permissions import can, check, require
from portal.database import db

from . import operations
from .models import Note

blueprint = Blueprint("{name}", __name__, url_prefix="/{name}", template_folder="templates")


class NoteForm(FlaskForm):
    text = StringField(_l("{title}"), [InputRequired(), Length(max=200)])


def url(record_id: int) -> str:
    """The address of a record's page."""
    return url_for("{name}.index")


@blueprint.route("", methods=["GET", "POST"])
@require("{name}.read")
def index() -> Any:
    """The notes of the acting role's towns, and a form for a new one."""
    form = NoteForm()
    if form.validate_on_submit():
        check("{name}.edit", g.grant.org_id)
        operations.add_note(g.grant.org_id, form.text.data or "")
        return redirect(url_for("{name}.index"), 303)
    notes = db.session.scalars(select(Note).order_by(Note.id.desc()).limit(50)).all()
    return render_template("{name}/index.html", notes=notes, form=form, may_edit=can("{name}.edit")), 422 if form.errors else 200
''',
    "templates/{name}/index.html": """{{% extends "base.html" %}}
{{% import "components/ui.html" as ui %}}
{{% import "components/forms.html" as forms %}}
{{% block title %}}{title}{{% endblock %}}
{{% block content %}}
{{{{ ui.page_header("{title}") }}}}
{{% if may_edit %}}{{% call ui.card() %}}<form method="post" novalidate>{{{{ forms.csrf() }}}}{{{{ forms.field(form.text) }}}}{{{{ forms.actions(_("保存")) }}}}</form>{{% endcall %}}{{% endif %}}
{{% for note in notes %}}{{% call ui.card() %}}{{{{ note.text }}}}{{% endcall %}}{{% else %}}{{{{ ui.empty("file-text", _("还没有记录")) }}}}{{% endfor %}}
{{% endblock %}}
""",
    "migrations/{name}0001_first.py": '''"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "{name}0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "{name}_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["directory_organisation.id"], name="fk_{name}_note_org_id_directory_organisation"),
        sa.PrimaryKeyConstraint("id", name="pk_{name}_note"),
    )
    op.create_index("ix_{name}_note_org_id_id", "{name}_note", ["org_id", "id"])


def downgrade() -> None:
    op.drop_table("{name}_note")
''',
    "README.md": """# {title}

What it is for, its rules with their sources, its settings.
""",
}  # fmt: skip


@click.command("new")
@click.argument("name")
@click.option("--title", default="", help="title in Chinese")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("plugins"), help="where to write it; default: plugins/")
@as_json
def new(name: str, title: str, folder: Path, as_json: bool) -> None:
    """Write a small working plugin NAME: a table, a page, rights, a migration."""
    if not NAME.fullmatch(name):
        raise click.UsageError(f"{name!r}: a name is 2 to 31 small letters, digits and _, and begins with a letter")
    target = folder / name
    if target.exists():
        raise click.UsageError(f"{target} is there already")
    clean = "".join(c for c in title or name if c.isprintable() and c not in "\"'\\{}<>")[:40]
    for path, text in FILES.items():
        file = target / path.format(name=name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(name=name, title=clean, core=__version__), encoding="utf-8")
    show({"plugin": name, "files": sorted(path.format(name=name) for path in FILES), "next": "portal db upgrade; portal plugins enable NAME --town T"}, as_json)
