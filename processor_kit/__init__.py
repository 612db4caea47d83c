"""
For whoever runs a processor: a server to begin with (``desk``) and the tests any other has to pass (``conformance``).

Knows Insyn's contract and nothing of Insyn's database.
"""
