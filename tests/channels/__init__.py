"""Channels: does a message get out, and do we know what became of it?"""
