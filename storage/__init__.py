"""One database: a single writer with group commit, read-only readers, migrations, all SQL."""
