"""The page of a recipient as HTML: whatever stands in it, it runs nothing and loads nothing."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import date
from itertools import product
from typing import get_args

import pytest

from app.domain.fanout import Action
from app.domain.recipient_page import LAWS, answers_to
from app.letters.words import LANGUAGES
from app.pages import CONTENT_SECURITY_POLICY, FileLine, PageFacts, View, gone, render, words
from app.services.recipient_words import details_of

FACTS = PageFacts(
    view="task",
    language="sv",
    path="/p/westra." + "x" * 43,
    controller="Westra AB",
    number="INS-2026-7K2M9QXA/1A2B",
    contact="dataskydd@example.org",
    form="f" * 64,
    action="erase",
    answer_by=date(2026, 12, 8),
    until="8 december 2026 kl. 10:15",
    identifiers=(("customer_number", "c-10001"),),
    categories=(("contact", "Kontaktuppgifter"),),
    details=(("keep", "Bokföring; 2033-12-31"), ("something_new", "x")),
    answers=answers_to(Action.ERASE),
    laws=tuple(sorted(LAWS)),
    takes_files=True,
    files=(FileLine(name="export.csv", size=12_345, scan="not_scanned"),),
    said=(("outcome", "retained"), ("law", "BFL_7_2"), ("until", "2033-12-31"), ("category", "contact")),
)
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=y>{{ 7*7 }}{% raw %}</style>"


class TestPage:
    @pytest.mark.parametrize(("view", "language"), [*product(get_args(View), LANGUAGES)])
    def test_has_words_for_every_view(self, view, language):
        """
        Swedish and English alike; a code without words would stop it.
        """
        html = render(replace(FACTS, view=view, language=language))

        assert f'<html lang="{language}">' in html
        assert FACTS.number in html
        assert "None" not in html

    @pytest.mark.parametrize(("language", "kept"), [("sv", "31 december 2033"), ("en", "31 December 2033")])
    def test_writes_every_day_in_one_form(self, language, kept):
        """
        What is confirmed reads like the rest of the page; the form itself carries the day as it was sent.
        """
        html = render(replace(FACTS, view="confirm", language=language))

        assert f": {kept}</p>" in html
        assert re.sub(r'value="[^"]*"', "", html).count("2033-12-31") == 0

    @pytest.mark.parametrize(("language", "line"), [("sv", "6 mars 2027"), ("en", "6 March 2027")])
    def test_writes_the_days_of_a_task_the_same_way(self, language, line):
        """
        Also inside what is to be kept; what a person wrote is left alone.
        """
        law = {"category": "contact", "until": "2027-03-06"}
        details = {"until": "2027-03-06", "keep": [law], "value": "2027-03-06"}
        said = details_of(details, titles={"contact": "Kontakt"}, language=language)

        assert said == (("until", line), ("keep", f"Kontakt; {line}"), ("value", "2027-03-06"))

    @pytest.mark.parametrize(("action", "language"), [*product(Action, LANGUAGES)])
    def test_says_what_is_asked(self, action, language):
        """
        Every action has its sentence.
        """
        html = render(replace(FACTS, action=action.value, answers=answers_to(action), language=language))

        assert words.TASKS[action.value][LANGUAGES.index(language)] in html

    @pytest.mark.parametrize(
        ("kind", "code"), [(k, c) for k in ("error", "notice") for c in getattr(words, f"{k.upper()}S")]
    )
    def test_says_what_was_wrong(self, kind, code):
        """
        Every word of ours for what happened can stand on it.
        """
        assert getattr(words, f"{kind.upper()}S")[code][0] in render(replace(FACTS, **{kind: code})).replace(
            "&#39;", "'"
        )

    @pytest.mark.parametrize("view", get_args(View))
    def test_lets_no_value_become_markup(self, view):
        """
        Identifiers and details are somebody's input: what they hold is shown as text (ASVS 1.2.1).
        """
        html = render(
            replace(
                FACTS,
                view=view,
                controller=HOSTILE,
                number=HOSTILE,
                contact=HOSTILE,
                identifiers=(("name", HOSTILE), (HOSTILE, "x")),
                categories=((HOSTILE, HOSTILE),),
                details=((HOSTILE, HOSTILE),),
                files=(FileLine(name=HOSTILE, size=1, scan="clean"),),
                said=(("outcome", "refused"), ("message", HOSTILE)),
            )
        )

        assert "<script" not in html
        assert "<img" not in html
        assert "{{ 7*7 }}" in html
        assert html.count("</style>") == 1

    def test_runs_nothing_and_loads_nothing(self):
        """
        No script, no frame, no address of anybody else; forms lead to itself.
        """
        html = render(FACTS) + gone("sv")

        assert not re.search(r"<(script|iframe|object|embed|link|img|base)\b|\bon[a-z]+=|javascript:|https?://", html)
        assert set(re.findall(r'action="([^"]*)"', html)) <= {FACTS.path + one for one in ("/files", "/answer", "/end")}

    def test_may_show_its_own_styles_and_no_others(self):
        """
        The policy names the one stylesheet by its hash, and nothing else is allowed.
        """
        (style,) = re.findall(r"<style>(.*?)</style>", render(FACTS), re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

        assert f"style-src 'sha256-{digest}'" in CONTENT_SECURITY_POLICY
        assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; ")
        assert "unsafe" not in CONTENT_SECURITY_POLICY
        assert " style=" not in render(FACTS)

    def test_shows_nothing_of_the_task_before_the_code(self):
        """
        Whoever has only the address sees that a company has a task, as the mail says.
        """
        html = render(replace(FACTS, view="code"))

        assert not [one for one in ("c-10001", "Kontaktuppgifter", "Radera", "8 december") if one in html]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_is_labelled_for_who_cannot_see_it(self, language):
        """
        Every field that is seen has a label of its own (WCAG 1.3.1, 3.3.2).
        """
        html = render(replace(FACTS, language=language)) + render(replace(FACTS, language=language, view="code"))
        fields = set(re.findall(r'<(?:input|select|textarea) id="([a-z_-]+)"', html))

        assert fields == set(re.findall(r'<label for="([a-z_-]+)"', html))
        assert {f"outcome-{one}" for one in FACTS.answers} <= fields
        assert not re.findall(r'<(?:input|select|textarea) (?!id=|type="hidden")', html)
