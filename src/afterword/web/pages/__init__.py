"""The pages that a link lets people into: answering and unsubscribing."""
