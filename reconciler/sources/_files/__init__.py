"""Files as such: where they lie, how they come here, and how they are put down in a pin; of no format."""
