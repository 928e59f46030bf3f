"""Tables of the case consultations. Who meets a row is said here, once, and holds for every statement.

:class:`Access` is the list of accounts to which a file is open: the handlers of the asking town and the panel members who
declared that they have no interest. The convener is the district's justice bureau. Opinions are narrower still.
Everything that a file says is kept out of the trail; the trail knows that it changed.
"""

from __future__ import annotations

from plugins.consultations.models.cases import Access, Consultation
from plugins.consultations.models.guard import CASE_FILES, DRAFT_PURPOSE, OPINION_FILES, convening, listed, of_case
from plugins.consultations.models.opinions import Draft, Inquiry, Opinion
from plugins.consultations.models.panel import Draw, Expert, Seat
from plugins.consultations.models.papers import LibraryEntry, Paper, SignedPaperChanged

__all__ = [
    "CASE_FILES", "DRAFT_PURPOSE", "OPINION_FILES", "Access", "Consultation", "Draft", "Draw", "Expert", "Inquiry", "LibraryEntry", "Opinion", "Paper", "Seat",
    "SignedPaperChanged", "convening", "listed", "of_case",
]  # fmt: skip
