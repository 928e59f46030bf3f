"""The small data types that core and plugins hand to one another. Imports nothing of the portal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Manifest:
    """What a plugin says of itself. ``core`` is the version of the core it needs, e.g. ``>=0.1``."""

    name: str
    title: Any
    title_en: str
    version: str
    core: str = ">=0.1"
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    """角色, given to an account in an organisation of a fitting kind: town, district, department, pool or deployer."""

    code: str
    title: Any
    kind: str


@dataclass(frozen=True)
class Permission:
    """A right that roles hold, e.g. ``certificates.issue``."""

    code: str
    title: Any


@dataclass(frozen=True)
class NavItem:
    """An entry of the navigation; shown to those who hold ``permission``."""

    title: Any
    endpoint: str
    permission: str = ""
    icon: str = "list-check"
    weight: int = 100
    section: Any = ""


@dataclass(frozen=True)
class Card:
    """A card on the dashboard: a template with its context."""

    title: Any
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    weight: int = 100
    icon: str = "chart-bar"


@dataclass(frozen=True)
class Panel:
    """A panel on somebody else's page, e.g. certificates on the page of a person."""

    title: Any
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    weight: int = 100


@dataclass(frozen=True)
class Job:
    """A scheduled job. ``schedule`` are APScheduler cron fields (weekdays by name); None: only when asked for.

    ``function(context)`` returns the result as a JSON-able dict; it does what is due and not yet done, so that running
    it twice doubles nothing.
    """

    name: str
    title: Any
    function: Callable[[Any], dict[str, Any]]
    schedule: Mapping[str, Any] | None = None
    catch_up: bool = True
    plugin: str | None = None
    permission: str = "system.manage"
    """Who may ask for a run: for jobs that people start from a module's page."""


@dataclass(frozen=True)
class Todo:
    """Something that waits for the acting role. It is computed, so it vanishes with its cause."""

    key: str
    title: Any
    count: int
    url: str
    tone: str = "amber"
    due: Any = None


@dataclass(frozen=True)
class Hit:
    """A hit of the search over everything."""

    kind: Any
    title: str
    summary: Any
    url: str


NUMBER, TITLE, OBJECT, PLACE, CONTENT = 20, 10, 6, 4, 1
"""Weights of searched fields, as most kinds of record have them."""


@dataclass(frozen=True)
class Searchable:
    """How records of a kind are found by the search.

    ``fields`` names attributes of the model with their weights, e.g. ``{"number": NUMBER, "content": CONTENT}``;
    encrypted and secret ones are refused. ``title``, ``summary`` and ``state`` (text, tone, icon) say of a record how
    its hit is shown. ``recent`` names a date: of hits that are alike the more recent stands first.
    """

    fields: Mapping[str, int]
    title: Callable[[Any], str]
    summary: Callable[[Any], Any]
    state: Callable[[Any], tuple[Any, str, str]] | None = None
    recent: str = ""


@dataclass(frozen=True)
class RecordType:
    """A kind of record: its name in references and the trail, its model, and the address of a record's page.

    Files may be added to its records by those who hold ``attach_permission``; empty: only by the plugin's own pages.
    With ``search`` its records are in the index, kept there by the core with every change, and found by those who hold
    ``read_permission``.
    ``place_permissions``: files for some purposes take a right more, e.g. ``{"identity": "complaints.reveal"}``.
    ``shared``: records that other organisations are let in on; who sees the record sees its files, whoever added them.
    ``plain_files``: documents added to its records lose author, company, programme and times; it tells of a record whether
    a file in which that cannot be done is refused.
    """

    name: str
    title: Any
    model: Any
    url: Callable[[int], str]
    read_permission: str = ""
    attach_permission: str = ""
    search: Searchable | None = None
    place_permissions: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    plain_files: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class RecordAction:
    """Something that a plugin offers on the page of a record that it does not know: a button with its address."""

    title: Any
    url: str
    icon: str = "arrow-right"
    tone: str = "outline-primary"


@dataclass(frozen=True)
class RecordSummary:
    """What the plugin that has a record tells others of it: enough to begin something of their own from it."""

    number: str
    title: str
    text: str
    url: str


@dataclass(frozen=True)
class MeetingRequest:
    """A meeting that a record needs: with whom, when and where. Nobody but ``accounts`` and whoever asks may find it.

    ``starts_at`` is aware. ``record_type`` and ``record_id`` are the record for which the meeting is held.
    """

    record_type: str
    record_id: int
    org_id: int
    title: str
    starts_at: dt.datetime
    place: str
    accounts: tuple[int, ...]
    note: str = ""
    minutes: int = 120


@dataclass(frozen=True)
class ScheduledMeeting:
    """The meeting that was arranged: its record reference, e.g. ``meetings.meeting:12``, and the address of its page."""

    reference: str
    url: str


@dataclass(frozen=True)
class TrailWords:
    """How the trail's actions, fields and codes are called in words: ``{"people.created": "登记"}``, ``{"position": "职务"}``.

    ``values`` has the codes of a record's field: ``{"complaints.complaint.review": {"agree": "同意"}}``.
    """

    actions: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """A figure that a town may set for itself from a date on.

    ``kind``: int, text, list_of_int, list_of_text (one a line), expression (a regular one), bool or choice. ``permission``: who in the town may
    set it for their own town; empty: the system administrator alone. ``moves_open``: a change may touch what is
    open already; then the plugin is asked by ``portal_setting_impact`` how many records that would be. ``moves_words``: how
    that is said (with ``%(n)s``), and what "for new ones only" and "for all" mean here. ``preview(value, org_id)``: what a
    value would give, shown while it is typed. ``pattern``: for texts, and for each line of a list.
    """

    key: str
    title: Any
    kind: str
    default: Any
    help: Any = ""
    minimum: int | None = None
    maximum: int | None = None
    choices: Sequence[tuple[str, Any]] = ()
    pattern: str = ""
    permission: str = ""
    moves_open: bool = False
    moves_words: tuple[Any, Any, Any] | None = None
    preview: Callable[[Any, int], Any] | None = None


@dataclass(frozen=True)
class Paper:
    """文书: a paper that is drawn from named values, and whose Word template a town may replace by its own.

    ``build(values)`` returns the ``portal.documents.Document`` of the standard layout. ``placeholders`` are the names of the
    values with what they mean; ``lists`` those of values that are lists of rows, each with its columns. ``sample`` are values
    for a preview. ``permission``: who may replace the template for their own town. ``key`` begins with the plugin's name.
    """

    key: str
    title: Any
    placeholders: Mapping[str, Any]
    build: Callable[[Mapping[str, Any]], Any]
    sample: Mapping[str, Any]
    lists: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    permission: str = ""
