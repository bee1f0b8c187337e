"""Who may ask what of a front end: authentication at the gate, a role for each route."""
