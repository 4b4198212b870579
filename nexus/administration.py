"""What the pages for administration of all apps share."""

from django.http import HttpRequest


class ReadOnly:
    """For looking only. Goes before `ModelAdmin` among the bases."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
