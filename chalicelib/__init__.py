"""Kakou: checkpoint → passage → summary → command. The folders are that sentence."""
