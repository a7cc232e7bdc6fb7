"""What dulcet installs beside the libraries `dul` and `dimse`: the tools, the testbed and the demo's files.

In the source tree they are the folders cli/, testbed/ and fixtures/dicom/; installed they are `dulcet.cli`,
`dulcet.testbed` and `dulcet.fixtures.dicom`, so that no common name is taken in anybody's site-packages.
setup.py says which folder is which package.
"""
