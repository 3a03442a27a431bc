"""Independent answers to compare with: mpmath at 50 digits (`exact`) and NEST (`lossless`); `twin` is our side."""
