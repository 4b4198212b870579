from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AccountsConfig(AppConfig):
    name = "nexus.accounts"


class AdministrationConfig(AdminConfig):
    default_site = "nexus.accounts.admin_site.NexusAdminSite"
