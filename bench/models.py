"""Django's model over the table of complaints, for the yardstick alone."""

from __future__ import annotations

import datetime as dt
import uuid

from auditlog.registry import auditlog
from django.db import models

KINDS = [(code, code) for code in ("report", "accusation", "petition", "hotline", "consumer", "question", "other")]
CHANNELS = [(name, name) for name in ("电话", "信函", "来访", "网络", "12345热线转办", "上级交办", "其他")]
URGENCIES = [(code, code) for code in ("normal", "urgent", "danger")]
STATES = [(code, code) for code in ("registered", "accepted", "refused", "passing", "passed", "assigned", "handling", "suspended", "concluded", "replied", "archived", "withdrawn", "merged", "redirected")]


def new_uid() -> str:
    return uuid.uuid4().hex


class Complaint(models.Model):
    """The same columns as the portal's table, as far as they are not empty for a new matter."""

    id = models.AutoField(primary_key=True)
    uid = models.CharField(max_length=32, default=new_uid)
    org_id = models.IntegerField()
    number = models.CharField(max_length=60)
    year = models.IntegerField()
    series = models.CharField(max_length=4, default="")
    seq = models.IntegerField()
    channel = models.CharField(max_length=12, choices=CHANNELS)
    kind = models.CharField(max_length=12, choices=KINDS)
    redirect_kind = models.CharField(max_length=12, default="", blank=True)
    category = models.CharField(max_length=40, default="", blank=True)
    urgency = models.CharField(max_length=8, default="normal", choices=URGENCIES)
    title = models.CharField(max_length=100, blank=True)
    content = models.TextField(max_length=20_000)
    demand = models.TextField(default="", blank=True)
    place = models.CharField(max_length=120, default="", blank=True)
    object_name = models.CharField(max_length=120, default="", blank=True)
    external_no = models.CharField(max_length=60, default="", blank=True)
    anonymous = models.BooleanField(default=False)
    confidential = models.BooleanField(default=False)
    protect = models.BooleanField(default=False)
    received_on = models.DateField()
    month = models.CharField(max_length=7)
    registered_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=14, default="registered", choices=STATES)
    state_reason = models.TextField(default="")
    refuse_code = models.CharField(max_length=20, default="")
    handler_name = models.CharField(max_length=60, default="")
    limit_days = models.IntegerField(null=True)
    limit_unit = models.CharField(max_length=8, default="working")
    legal_due = models.DateField(null=True)
    due_on = models.DateField(null=True)
    sort_due = models.DateField(default=dt.date(9999, 12, 31))
    due_provisional = models.BooleanField(default=False)
    due_from = models.DateField()
    suspended_days = models.IntegerField(default=0)
    extension_state = models.CharField(max_length=8, default="")
    extension_days = models.IntegerField(default=0)
    extension_reason = models.TextField(default="")
    first_title = models.CharField(max_length=8, default="")
    facts = models.TextField(default="")
    measures = models.TextField(default="")
    result = models.CharField(max_length=12, default="")
    review = models.CharField(max_length=8, default="")
    reply_how = models.CharField(max_length=12, default="")
    reply_text = models.TextField(default="")
    reply_by = models.CharField(max_length=60, default="")
    closed_as = models.CharField(max_length=14, default="")
    repeats = models.BooleanField(default=False)
    publish = models.BooleanField(default=False)
    imported = models.BooleanField(default=False)
    version = models.IntegerField(default=1)

    class Meta:
        managed = False
        app_label = "bench"
        db_table = "complaints_complaint"


class Counter(models.Model):
    """Numbers of a town and a year, given under the lock of the transaction."""

    org_id = models.IntegerField()
    year = models.IntegerField()
    last = models.IntegerField(default=0)

    class Meta:
        app_label = "bench"
        unique_together = [("org_id", "year")]


auditlog.register(Complaint)
