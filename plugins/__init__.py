"""Plugins that ship with the portal."""
