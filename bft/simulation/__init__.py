"""The SimPy host: the only room that imports simpy."""
