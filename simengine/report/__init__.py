"""Reports: results and scenarios as text, tables, CSV, JSON and workbooks."""
