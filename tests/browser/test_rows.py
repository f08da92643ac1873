"""The rows of many recordings: played whatever their names, and chosen while more come in."""

import shutil

import pytest
from playwright.sync_api import expect

from tests.browser.steps import SECOND, upload

ANALYZED = {"timeout": 60 * SECOND}

# As a person may name a file, and Gradio does not: without some characters, and shorter.
NAMES = (
    "plain.wav",
    "really? 50 $ & `more`!.wav",
    'so "quoted": <a|b> {c} *.wav',
    "!.wav",
    "con.wav",
    "dots....wav",
    f"{70 * 'é'}{70 * 'x'}.wav",
)


def test_a_recording_is_played_whatever_its_name(open_page, recordings, tmp_path):
    paths = [tmp_path / name for name in NAMES]
    for path in paths:
        shutil.copy(recordings["angry"], path)
    page = open_page()
    upload(page, *paths)
    rows = page.locator("#files tbody tr")
    expect(rows).to_have_count(len(NAMES), **ANALYZED)
    expect(page.locator("#progress p")).to_have_count(0, **ANALYZED)
    for row in reversed(range(len(NAMES))):
        rows.nth(row).click()
        name = rows.nth(row).locator("td").nth(1).inner_text()
        expect(page.locator("#player .shown")).to_have_text(name)
        expect(page.locator("#player audio[src^=blob]"), NAMES[row]).to_be_visible()
