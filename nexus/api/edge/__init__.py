"""Public answers kept as bytes, before Django: see `gate`."""

from nexus.api.edge.gate import Gate, start_gate

__all__ = ["Gate", "start_gate"]
