"""The management shell: a small part of PowerShell's language, enough for what operators write about pools."""
