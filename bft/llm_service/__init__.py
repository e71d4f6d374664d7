"""The LLM service in simulated time: endpoints with workers and queues, and validators that reach them by calls."""
