"""From files to clips: finds sequences, draws clips from them and hands them to Lightning."""
