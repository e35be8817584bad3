"""What a guest reaches by `agent.call`, each call checked, bounded and recorded."""
