"""Which frames a clip consists of: before, during and after; on demand; of which stream."""
