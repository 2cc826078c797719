"""Sampling: addresses of draws and dependence between inputs."""
