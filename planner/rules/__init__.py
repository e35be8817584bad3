"""Planning without a model: read the objective's words, compose the stages they ask for."""
