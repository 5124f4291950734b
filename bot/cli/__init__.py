"""The `mynah` command, one file per noun: parse → use case → print. What is heavy is imported when it is needed."""
