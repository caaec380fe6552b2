"""The process and its machine: files, memory, other processes, versions."""
