"""Recall: a plan that found nothing to do is told again once all that it rests on has proved to be as it was.

A plan is a function of what it reads: the words and the environment of the command, the files beside the manifests,
the registry, and what hosts and hubs answer. Where a plan found everything in sync, all of these are remembered with
what was told. The next plan reads the files and sends the very requests again, all of them; if no byte is different,
neither would the plan be. Anything else is planned as ever, with the answers that are there already.

This room starts before all others and is their only shortcut, so it imports nothing but the standard library, and
nothing slow of that.
"""
