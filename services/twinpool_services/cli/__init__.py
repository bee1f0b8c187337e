"""The `twinpool` command: friendly commands, and the cmdlets spelled as Lync Server's."""
