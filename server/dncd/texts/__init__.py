"""What an inbound text message says: an opt-out, an opt-in, a cry for help, nothing, or something a person must read.

Pure: no clock, no network, no state. `load_classifier` reads the package's own tables once.
"""

from dncd.texts.classify import Classified, Classifier, load_classifier

__all__ = ["Classified", "Classifier", "load_classifier"]
