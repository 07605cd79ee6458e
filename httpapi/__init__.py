"""The HTTP sidecar.

REST under /api/v1, signed URLs of the local store, and the Files page on the same door.
"""
