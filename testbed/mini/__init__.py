"""The mini peers: small products for the testbed to judge, right but for what they are told to do wrong."""
