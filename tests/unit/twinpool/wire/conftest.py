"""A slow machine is no defect: examples have no deadline here."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
