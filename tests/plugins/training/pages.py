"""The pages without arguments, each with the right that opens it."""

PAGES = {
    "/training": "training.read",
    "/training/batches": "training.export",
    "/training/books": "training.books",
    "/training/certify": "training.certify",
    "/training/check": "training.check",
    "/training/departments": "training.books",
    "/training/duties": "training.duties",
    "/training/exams": "training.read",
    "/training/exams/new": "training.organise",
    "/training/exemptions": "training.books",
    "/training/exemptions/new": "training.record",
    "/training/external": "training.books",
    "/training/mine": "training.learn",
    "/training/new": "training.organise",
    "/training/people": "training.books",
    "/training/plans": "training.read",
    "/training/questions": "training.organise",
    "/training/questions.xlsx": "training.organise",
    "/training/questions/new": "training.organise",
    "/training/rooms": "training.organise",
    "/training/year": "training.books",
    "/training/year/compliance.xlsx": "training.export",
}
ELSEWHERE: set[str] = {"/training/external/new", "/training/mine.ics", "/training/year/attendance.xlsx"}
