"""Starts and stops the programs of one installation. It knows processes, not Django."""
