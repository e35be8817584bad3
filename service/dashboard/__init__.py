"""The dashboard: pages rendered here, readable without a script."""
