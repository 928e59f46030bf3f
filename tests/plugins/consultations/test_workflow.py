"""The way of a consultation through its pages, from the town's draft to the archived answer."""

import datetime as dt

import pytest

from plugins.consultations.models import Consultation, LibraryEntry, Opinion, Paper, Seat
from tests.plugins.consultations.helpers import every, fetch, seat_of, words_of


def test_a_written_consultation_from_the_draft_to_the_archive(play):
    key = play.archived()
    found = fetch(Consultation, id=key)
    assert (found.state, found.number, found.answer, found.form) == ("archived", "江南商〔2026〕1号", "adopted", "written")
    assert found.issued_on == dt.date(2026, 11, 24) and found.answer_due == dt.date(2026, 12, 15)
    paper = fetch(Paper, consultation_id=key)
    assert paper.state == "signed" and paper.number == "江南商意〔2026〕1号" and len(paper.digest) == 64
    assert "3 份意见：同意 3。" in paper.findings[0]["majority"] and paper.findings[0]["dissent"] == ""
    assert len(every(Opinion, consultation_id=key)) == 3
    assert fetch(LibraryEntry, consultation_id=key).state == "checking"
