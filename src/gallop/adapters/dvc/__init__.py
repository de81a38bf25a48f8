"""DVC: the pin of the raw file, the remotes that have it, and the pipeline of stages."""
