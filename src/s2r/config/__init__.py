"""The configuration: its keys, the checks on them, and the settings that each rule takes."""
