"""The receipts: rows, files, queries, redaction."""
