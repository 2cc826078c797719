"""A result as an Excel workbook, a module a sheet; :func:`workbook_bytes` makes it."""

from simengine.report.workbook.book import workbook_bytes

__all__ = ["workbook_bytes"]
