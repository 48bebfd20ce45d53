# Fourth part of the harness: compiled programs.
