"""Node-to-node sealing: recipient keys, envelopes, descriptors and receipts."""
