"""Public answers kept as bytes, before Django: see `gate`."""

from nexus.api.edge.gate import Application, Gate, start_gate

__all__ = ["Application", "Gate", "start_gate"]
