"""Trainings logged to W&B and trackio besides: what they are made of, how they went, what came of them."""
