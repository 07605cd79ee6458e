"""Small scripts that show the SDK at work; each runs by itself: python -m sdk.examples.one_file."""
