"""For looking at the queue; nothing of it can be changed here."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

# Imported for what it does: the library's own pages, which these replace, can start and
# cancel jobs, and list every lock there is.
from procrastinate.contrib.django import admin as _  # noqa: F401
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from nexus.administration import ReadOnly

admin.site.unregister(ProcrastinateJob)


class EventInline(ReadOnly, admin.TabularInline[ProcrastinateEvent, ProcrastinateJob]):
    model = ProcrastinateEvent
    fields = ("type", "at")
    ordering = ("at", "id")


@admin.register(ProcrastinateJob)
class JobAdmin(ReadOnly, admin.ModelAdmin[ProcrastinateJob]):
    list_display = ("id", "task_name", "status", "args", "attempts", "scheduled_at")
    list_filter = ("status", "task_name", "queue_name")
    search_fields = ("task_name", "status", "=id")
    search_help_text = "A task, a status or a job's number."
    ordering: ClassVar = ["-id"]
    fields = (
        "task_name",
        "status",
        "args",
        "attempts",
        "scheduled_at",
        "queue_name",
        "priority",
        "lock",
        "queueing_lock",
        "abort_requested",
    )
    inlines = (EventInline,)
    actions = None
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProcrastinateJob]:
        return super().get_queryset(request).defer("worker")
