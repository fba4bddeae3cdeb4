"""Input pipelines (PHP: ``Data``)."""
