"""What tests of the doctor look for."""


def one(found, grade, about, message, hint):
    """Check that there is exactly one such finding, with its mending."""
    (item,) = [each for each in found if message in each["message"]]
    assert (item["grade"], item["about"]) == (grade, about)
    assert hint in item.get("hint", "")
