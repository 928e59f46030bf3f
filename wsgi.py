"""Entry point for WSGI servers: ``gunicorn wsgi:app`` or ``waitress-serve wsgi:app``."""

from portal import create_app, settle

app = create_app()
settle()
