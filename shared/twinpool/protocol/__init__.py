"""The protocol between exporter and importer, without input or output: events go in, actions come out."""
