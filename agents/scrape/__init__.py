"""The agent `scrape`: a web page's title, text, listings, prices, dates, tables, facts, links and images."""
