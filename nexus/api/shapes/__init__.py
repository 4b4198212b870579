"""The JSON of requests and answers: what each looks like, nothing of what it means."""
