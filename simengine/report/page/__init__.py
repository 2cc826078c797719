"""The report on one page: a self-contained HTML file that needs no script and no network."""

from simengine.report.page.build import page_bytes

__all__ = ["page_bytes"]
