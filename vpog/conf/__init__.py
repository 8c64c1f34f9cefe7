"""Hydra configs of `vpog_train`; their schema is `vpog.config.TrainConfig`."""
