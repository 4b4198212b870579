"""The pages as bytes; test_browser.py shows them."""

import re

import pytest
from django.test import Client

PAGES = ["/", "/swagger/", "/redoc/", "/admin/login/"]


def test_the_start_page_works() -> None:
    response = Client().get("/")

    assert response.status_code == 200
    assert "not endorsed or certified by TMDB" in response.content.decode()


def test_the_start_page_answers_only_reads() -> None:
    assert Client().post("/").status_code == 405


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/api", "/api/", "/api/docs/"])
def test_it_leads_to_the_documents_from_where_people_look(path: str) -> None:
    response = Client().get(path)

    assert (response.status_code, response["Location"]) == (302, "/swagger/")


def test_a_path_that_is_none_tells_where_the_others_are() -> None:
    response = Client().get("/api/v1/")

    assert response.status_code == 404
    assert "/openapi.json" in response.json()["message"]


@pytest.mark.parametrize(
    "path", ["/static/web/start.css", "/static/admin/css/base.css"]
)
def test_its_files_are_served_by_us(path: str) -> None:
    response = Client().get(path)

    assert response.status_code == 200
    assert b"".join(response)


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_its_pages_hold_no_scripts_and_styles(path: str) -> None:
    page = Client().get(path).content.decode()

    assert re.findall(r"<script(?! src=)|<style|\son\w+=|\sstyle=", page) == []


@pytest.mark.parametrize("path", ["/", "/swagger/", "/redoc/"])
def test_its_public_pages_set_no_cookies(path: str) -> None:
    assert not Client().get(path).cookies


@pytest.mark.parametrize("path", ["/swagger/", "/redoc/", "/openapi.json"])
def test_its_documents_refuse_in_the_apis_words(path: str) -> None:
    response = Client().post(path)

    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
