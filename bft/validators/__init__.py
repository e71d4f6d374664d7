"""Who proposes and judges: perfect, statistical and recorded validators behind one interface (`panel`)."""
