"""The HTTP sidecar.

REST under /api/v1, signed URLs of the local store, and the place where the Files page plugs in.
"""
