"""Generated stubs of the package donotcontact.v1; never edited, made by `make proto`."""
