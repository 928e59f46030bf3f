"""The pages without arguments, each with the right that opens it."""

PAGES = {
    "/meetings": "meetings.read",
    "/meetings/halves": "meetings.statistics",
    "/meetings/new": "meetings.convene",
    "/meetings/topics": "meetings.read",
    "/meetings/topics/new": "meetings.propose",
    "/meetings/members": "meetings.read",
    "/meetings/members/conference": "meetings.convene",
    "/meetings/resolutions": "meetings.read",
    "/meetings/resolutions/board": "meetings.read",
    "/meetings/resolutions/word": "meetings.statistics",
    "/meetings/calendar": "meetings.read",
    "/meetings/busy": "meetings.answer",
    "/meetings/report": "meetings.statistics",
}
ELSEWHERE: set[str] = set()
