"""Fine-tuning with adapters: rendered samples in, losses and an adapter out."""
