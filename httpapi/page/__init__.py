"""The Files page: projects, runs, metrics, files, sweeps and artifacts in the browser."""

from .pages import add_pages

__all__ = ["add_pages"]
