"""
Vendors' APIs, simulated from their documented contracts, one file each.

Each checks what it is sent as strictly as its documentation reads, and errs in the vendor's own shape. What no
document says is marked ``unverified:`` in the file's docstring, and is a setting where both ways are thinkable.
"""
