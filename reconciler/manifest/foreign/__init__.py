"""What people have today -> drafts of manifests: one module a form, each a pure function from text.

What can't be converted is a finding at its place. Nothing of it is run, expanded or looked up.
"""
