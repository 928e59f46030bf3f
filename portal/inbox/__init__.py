"""Notices and to-dos."""
