"""The pages without arguments, each with the right that opens it."""

PAGES = {
    "/complaints": "complaints.read",
    "/complaints/new": "complaints.register",
    "/complaints/code": "complaints.register",
    "/complaints/openings": "complaints.openings",
    "/complaints/incoming": "complaints.receive",
    "/complaints/contact": "complaints.read",
    "/complaints/publicity": "complaints.publish",
    "/complaints/statistics": "complaints.statistics",
    "/complaints/statistics/export": "complaints.statistics",
    "/complaints/statistics/monthly": "complaints.statistics",
}
ELSEWHERE: set[str] = {"/complaints/places"}
