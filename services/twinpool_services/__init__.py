"""The processes of Twinpool: front ends with their backup worker, the command line, labs."""
