"""Public answers kept as bytes, before Django: see `gate`."""

from nexus.api.edge.changes import start_changes
from nexus.api.edge.gate import Application, Gate, gate_around

__all__ = ["Application", "Gate", "gate_around", "start_changes"]
