"""What became of each object of a run, as a file: JSON, CSV or HTML, written as it goes.

with SendReport("night.html") as report:
for event in client.send(paths):
report.tell(event)
"""

from dimse.reports.report import SendReport

__all__ = ["SendReport"]
