"""Hydra configs of `vpog_train`; their schema is `vpog.training.config.TrainConfig`."""
