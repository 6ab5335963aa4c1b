"""The sweep: ratio x seed x learning rate at one token budget, each arm in a process of its own, and what follows from them all."""
