"""The pure middle: deciding what should change, as functions over frozen data.

Nothing in this room does I/O, reads a clock or draws a random number, and it
imports the standard library and `reconciler.errors` only.
"""
