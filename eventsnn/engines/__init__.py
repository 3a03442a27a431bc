"""Engines: each runs a plan, and all give the same bits."""
