"""Signed URLs of the local store: one method on one object for a while, good without a key.

S3 signs its own.
"""
