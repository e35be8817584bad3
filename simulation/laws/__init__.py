"""What must hold whatever happened: each law reads the evidence and names what broke it."""
