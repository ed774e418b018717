"""The command line, one file a verb.

Joint.  People get readable text, machines `--json` on stdout; notices go to stderr.
"""
