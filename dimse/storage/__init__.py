"""Where received objects go: the sinks, the checks, the directory that loses nothing.

A name is loaded when it is first asked for.
"""

from __future__ import annotations

from dul.ondemand import on_demand
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.storage.appearance import EXTENSION, Existing
    from dimse.storage.cleaning import cleaned
    from dimse.storage.converting import WriteAs
    from dimse.storage.index.entry import IndexEntry
    from dimse.storage.index.index import Index
    from dimse.storage.index.rebuild import Rebuilt, rebuild_index
    from dimse.storage.index.shelves import TellUnread
    from dimse.storage.naming import (
        Naming,
        SystemTimeNames,
        TimeNames,
        dcmtk_name,
        in_series_date,
        short_unique_name,
        unique_name,
    )
    from dimse.storage.object_store import ObjectStore, ToldOfRemote
    from dimse.storage.sink import Discard, Memory, Sink
    from dimse.storage.sorting import SortedBy, noting_study, renamed, sorted_by_study
    from dimse.storage.spool import Fsync, Spool
    from dimse.storage.studies import Studies, Study, StudyClock, StudyLog
    from dimse.storage.template import PathTemplate

__all__ = [
    "EXTENSION",
    "Discard",
    "Existing",
    "Fsync",
    "Index",
    "IndexEntry",
    "Memory",
    "Naming",
    "ObjectStore",
    "PathTemplate",
    "Rebuilt",
    "Sink",
    "SortedBy",
    "Spool",
    "Studies",
    "Study",
    "StudyClock",
    "StudyLog",
    "SystemTimeNames",
    "TellUnread",
    "TimeNames",
    "ToldOfRemote",
    "WriteAs",
    "cleaned",
    "dcmtk_name",
    "in_series_date",
    "noting_study",
    "rebuild_index",
    "renamed",
    "short_unique_name",
    "sorted_by_study",
    "unique_name",
]

_HOMES = {
    "Discard": "dimse.storage.sink",
    "EXTENSION": "dimse.storage.appearance",
    "Existing": "dimse.storage.appearance",
    "Fsync": "dimse.storage.spool",
    "Index": "dimse.storage.index.index",
    "IndexEntry": "dimse.storage.index.entry",
    "Memory": "dimse.storage.sink",
    "Naming": "dimse.storage.naming",
    "ObjectStore": "dimse.storage.object_store",
    "PathTemplate": "dimse.storage.template",
    "Rebuilt": "dimse.storage.index.rebuild",
    "Sink": "dimse.storage.sink",
    "SortedBy": "dimse.storage.sorting",
    "Spool": "dimse.storage.spool",
    "Studies": "dimse.storage.studies",
    "Study": "dimse.storage.studies",
    "StudyClock": "dimse.storage.studies",
    "StudyLog": "dimse.storage.studies",
    "SystemTimeNames": "dimse.storage.naming",
    "TellUnread": "dimse.storage.index.shelves",
    "TimeNames": "dimse.storage.naming",
    "ToldOfRemote": "dimse.storage.object_store",
    "WriteAs": "dimse.storage.converting",
    "cleaned": "dimse.storage.cleaning",
    "dcmtk_name": "dimse.storage.naming",
    "in_series_date": "dimse.storage.naming",
    "noting_study": "dimse.storage.sorting",
    "rebuild_index": "dimse.storage.index.rebuild",
    "renamed": "dimse.storage.sorting",
    "short_unique_name": "dimse.storage.naming",
    "sorted_by_study": "dimse.storage.sorting",
    "unique_name": "dimse.storage.naming",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for one that is had on demand
    __getattr__ = on_demand(__name__, _HOMES)
