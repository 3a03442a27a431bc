"""Factors to write times with."""

ms = 1e-3
"""One millisecond in seconds."""

us = 1e-6
"""One microsecond in seconds."""
