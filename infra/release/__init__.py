"""Moves traffic to a new revision on Azure Container Apps, and back when it does not hold."""
