"""The REST API: objectives, plans, traces, agents, health."""
