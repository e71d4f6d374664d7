"""Agreement protocols, one package each; none imports another."""
