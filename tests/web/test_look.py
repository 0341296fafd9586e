"""The look of the pages: tokens and styles fit together, and the policy forbids none of it."""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "integrations" / "web"
STYLES = (WEB / "static" / "tandem.css").read_text("utf-8")
TOKENS = (WEB / "static" / "tokens.css").read_text("utf-8")
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))


def test_every_token_that_is_used_is_there_and_none_is_there_for_nothing() -> None:
    used = set(re.findall(r"var\(--(\w+)", STYLES))
    light = TOKENS.split("@media", maxsplit=1)[0]
    assert used == set(re.findall(r"--(\w+):", light))


def test_dark_and_forced_colours_name_no_token_of_their_own() -> None:
    light, *others = TOKENS.split("@media")
    known = set(re.findall(r"--(\w+):", light))
    assert len(others) == 3
    for other in others:
        assert set(re.findall(r"--(\w+):", other)) <= known
    assert {n for n in known if n.startswith("color")} == set(re.findall(r"--(\w+):", others[2]))


def test_each_theme_of_teams_names_every_colour_so_that_none_is_left_of_another() -> None:
    colours = {n for n in re.findall(r"--(\w+):", TOKENS) if n.startswith("color")}
    for theme in ("dark", "contrast"):
        block = re.search(rf'data-theme="{theme}"\] \{{(.*?)\}}', TOKENS, re.DOTALL)
        assert block is not None
        assert colours <= set(re.findall(r"--(\w+):", block[1]))


def test_in_the_dark_nothing_but_colours_is_another() -> None:
    """So pages are looked at in the dark for their contrast alone."""
    light, dark, *_ = TOKENS.split("@media")
    assert "prefers-color-scheme: dark" in dark
    assert "prefers-color-scheme" not in STYLES + "".join(t.read_text("utf-8") for t in TEMPLATES)

    def without_colours(text: str) -> dict[str, str]:
        pairs = re.findall(r"--(\w+):\s*([^;]+);", text)
        return {name: re.sub(r"#\w+|rgba?\([^)]*\)", "", value) for name, value in pairs}

    in_light = without_colours(light)
    assert without_colours(dark) == {name: in_light[name] for name in without_colours(dark)}


def test_styles_fetch_nothing_from_anywhere() -> None:
    assert not re.search(r"@import|url\(", STYLES + TOKENS)


def test_no_template_holds_a_style_a_handler_or_a_script_of_its_own() -> None:
    assert TEMPLATES
    for template in TEMPLATES:
        text = re.sub(r"\{#.*?#\}", "", template.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text), template.name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), template.name
        # htmx evaluates these; the policy forbids it, and it is switched off in the page's head.
        assert not re.search(r"hx-on|hx-vals=.js:|hx-trigger=\"[^\"]*\[", text), template.name


def test_licences_stand_beside_what_is_not_ours() -> None:
    names = {path.name for path in (WEB / "static").iterdir()}
    assert {"htmx.LICENSE.txt", "fluent.LICENSE.txt", "teams-js.LICENSE.txt"} <= names


def test_no_act_needs_a_script() -> None:
    """Scripts look again and search while one types; whatever acts is a form that is posted."""
    for template in TEMPLATES:
        text = template.read_text("utf-8")
        done = re.findall(
            r'hx-(?:post|put|patch|delete|vals|boost)|type="button"|\son[a-z]+="', text
        )
        assert not done, f"{template.name}: {done}"
        for form in re.findall(r"<form\b[^>]*>", text):
            assert re.search(r'action="|method="(?:get|post)"', form), f"{template.name}: {form}"


def test_no_page_gives_a_name_that_its_frame_gives_as_well() -> None:
    """The frame is drawn last: what it sets is what the page's own blocks would find."""
    given = r"\{%-? set (\w+)"
    frame = set(re.findall(given, (WEB / "templates" / "base.html").read_text("utf-8")))
    assert frame
    for template in TEMPLATES:
        text = template.read_text("utf-8")
        if template.name != "base.html" and "{% extends" in text:
            before = re.split(r"\{% block ", text, maxsplit=1)[0]
            assert not frame & set(re.findall(given, before)), template.name
