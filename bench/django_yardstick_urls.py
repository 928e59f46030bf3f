"""The yardstick's pages: the admin's changelist, and a form in which a matter is registered."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template import engines
from django.urls import path

from bench.django_yardstick import FIELDS
from bench.models import Complaint, Counter


class ComplaintAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The list as the admin shows it, with the columns and the filters that the register shows."""

    list_display = ("number", "title", "kind", "received_on", "handler_name", "state", "due_on")
    list_filter = ("due_on", "state", "kind", "channel", "publish", "received_on")
    list_per_page = 50
    ordering = ("sort_due", "id")
    search_fields = ("number", "title", "content", "place", "object_name")


admin.site.register(Complaint, ComplaintAdmin)


class ComplaintForm(ModelForm):  # type: ignore[type-arg]
    """What is asked when a matter is registered."""

    class Meta:
        model = Complaint
        fields = FIELDS


FORM = """<!doctype html><html><body><form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="{{ token }}">{{ form.as_p }}<button>登记</button></form></body></html>"""


@login_required
def register(request: Any, org_id: int) -> HttpResponse:
    """Register a matter: form, number, deadline, one transaction with its log entry."""
    form = ComplaintForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            year = dt.date.today().year
            counter, _made = Counter.objects.select_for_update().get_or_create(org_id=org_id, year=year, defaults={"last": 1_000_000})
            counter.last += 1
            counter.save()
            complaint = form.save(commit=False)
            complaint.org_id, complaint.year, complaint.seq = org_id, year, counter.last
            complaint.number = f"江南投〔{year}〕{counter.last}号"
            complaint.month, complaint.due_from, complaint.limit_days = f"{complaint.received_on:%Y-%m}", complaint.received_on, 15
            complaint.due_on = complaint.legal_due = complaint.sort_due = complaint.received_on + dt.timedelta(days=21)
            complaint.title = complaint.title or complaint.content[:40]
            complaint.save()
        return redirect(f"/done/{complaint.pk}")
    template = engines["django"].from_string(FORM)
    return HttpResponse(template.render({"form": form, "token": get_token(request)}), status=422 if request.method == "POST" else 200)


def healthz(_request: Any) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("admin/", admin.site.urls), path("register/<int:org_id>", register), path("healthz", healthz)]
