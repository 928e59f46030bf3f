"""The pages without arguments, each with the right that opens it."""

PAGES = {
    "/consultations": "consultations.read",
    "/consultations/watermark.svg": "consultations.read",
    "/consultations/new": "consultations.ask",
    "/consultations/seats": "consultations.sit",
    "/consultations/experts": "consultations.pool",
    "/consultations/experts/new": "consultations.pool",
    "/consultations/library": "consultations.library",
    "/consultations/statistics": "consultations.statistics",
}
ELSEWHERE: set[str] = set()
