"""Pages over HTTP: who reaches what, the main path through forms, bad input kept and named."""

from __future__ import annotations
