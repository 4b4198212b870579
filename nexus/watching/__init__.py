"""What lets others watch the installation: figures, traces, reports of faults."""
