"""The configuration: its keys, the checks on them, and what each rule takes from them."""
