"""Reports from stored results: terminal, text, JUnit XML, conformance-statement text, HTML.

Everything here works on `testbed.results.Report` alone, so a report can be made years after the run,
of one product or of many side by side.
"""
