"""Files, folders, mounts and errors of the file system."""
