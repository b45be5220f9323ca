"""Descriptors as data: fields, rules, decoder, and the reports about them."""
