"""Language models on this machine: which are known, where they lie, and the server that runs one."""
