"""What waits in a spool."""

from agent.storage.records import Record
from agent.storage.spool.spool import Spool


def spooled(spool: Spool) -> list[Record]:
    """The records, in their order; none is removed, and none may be damaged."""
    records: list[Record] = []
    number = 0
    while (following := spool.after(number)) is not None:
        number = following
        found = spool.read(number)
        assert found is not None
        records.append(found[0])
    return records
