"""REST, CLI, dashboard; the one place where concrete classes meet."""
