"""Native agents: scrape, vision, time, data."""
