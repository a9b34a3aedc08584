"""What training and serving must agree on: the model bundle, and nothing else."""
