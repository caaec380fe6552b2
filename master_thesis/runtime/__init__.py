"""The machine a run takes place on: files, processes, memory, versions."""
