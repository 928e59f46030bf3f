"""Scheduled jobs: each due run is claimed in the database, so that it happens once however many schedulers there are."""
