"""One classifier for all tests: it is immutable."""

import pytest

from dncd.texts import Classifier, load_classifier


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return load_classifier()
