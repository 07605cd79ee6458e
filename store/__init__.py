"""What both servers stand on: the catalog of what exists, the blobs with the bytes, the life of a file."""
