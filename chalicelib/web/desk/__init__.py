"""The command centre's desk: its pages, apart from the travellers'. Chinese first, English."""
