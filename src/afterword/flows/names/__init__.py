"""Whom do unknown names belong to?"""
