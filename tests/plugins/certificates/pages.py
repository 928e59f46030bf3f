"""The pages without arguments, each with the right that opens it."""

PAGES = {
    "/certificates": "certificates.read",
    "/certificates/applications": "certificates.read",
    "/certificates/recovery": "certificates.read",
    "/certificates/applications/new": "certificates.apply",
    "/certificates/destroy": "certificates.clear",
    "/certificates/public": "certificates.publish",
    "/import/certificates": "certificates.import",
}
ELSEWHERE: set[str] = {"/certificates/import", "/certificates/recover"}
