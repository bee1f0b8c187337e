"""Failover without input or output: machines that decide, events in, actions out; no clock, no socket, no database.

- `operation`: a failover under way, as it is kept; `documents` writes it down and reads it again.
- `messages`: what the two pools of a pair say to each other about a home.
- `coordinating`: the pool that takes over. `quiescing`: the pool that serves, and hands over.
- `rejoining`: what a pool does before it serves, and whenever it hears of a term that it does not know.
- `repairing`: how a pool that gave way gets back the records that only it had changed.
- `plan`: what a disaster failover would leave behind, named before anything moves.

The rules that hold for all of them, and why, stand in docs/decisions/0007.
"""
