"""Fakes of the ports, and what else stands in for a person: each is small, public, and says what it leaves out."""
