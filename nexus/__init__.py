"""Nexus: self-hosted movie recommendations, ratings and playlists."""

__version__ = "0.1.0"
