"""Read models: tables that follow the log, and the queries that they answer.

`declaration` is what contexts write; `projector` keeps the tables up to date; `read_models` answers.
"""
