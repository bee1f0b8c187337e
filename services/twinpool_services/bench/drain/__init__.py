"""`twinpool bench drain`: how fast a backlog gets to the partner, by twinpool and by what one might take instead."""
