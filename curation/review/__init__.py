"""Review by people: what to ask, the batches on a Label Studio server, and the verdicts that come back.

Nothing here waits for anyone: a batch lies in the store as a file, a pull appends what it finds, and whoever wants to
know reads the state.
"""
