"""The JSON of requests and answers, one module a subject."""
