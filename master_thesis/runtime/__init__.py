"""Access to the machine: files, processes, memory, versions."""
