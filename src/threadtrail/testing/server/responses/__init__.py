"""Responses, Conversations and webhooks of the local server; the scripts are those of the Assistants API."""
