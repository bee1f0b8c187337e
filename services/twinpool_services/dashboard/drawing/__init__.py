"""Pictures as SVG, and numbers as people read them: pure functions of what is to be shown."""
