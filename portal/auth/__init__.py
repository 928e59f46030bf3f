"""Accounts, roles, rights and sessions."""
