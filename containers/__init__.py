"""What the pipeline's containers are made of: pinned images, locks, and the steps that pipeline.py puts together."""
