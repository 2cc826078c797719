"""The risk register: what each risk costs, when it happens, what it does to the bad cases, and what measures bring."""
