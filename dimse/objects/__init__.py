"""The data set at rest: files and data sets that are to be sent, their structure, their conversion."""
