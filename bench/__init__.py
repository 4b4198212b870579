"""Measurements; what they print is told as ratios of things measured in turns."""
