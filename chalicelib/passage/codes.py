"""The coded answers of a passage. Codes are stored and counted; words belong to the pages."""

VEHICLES = ("car", "coach", "truck", "motorcycle", "other", "rail", "foot")
"""How a party arrives. `other` may be without a plate (a new car, a tricycle)."""

NO_VEHICLE = frozenset({"rail", "foot"})
"""Ways of arriving that bring no vehicle, hence no plate."""

PLATE_OPTIONAL = frozenset({"other"})

DOCUMENTS = ("resident_id", "passport", "hk_macao_permit", "taiwan_permit", "other", "none")
"""Kinds of identity document; `none` is "none at hand" (children)."""

PURPOSES = ("home", "work", "visit", "medical", "freight", "transit", "other")

SYMPTOMS = ("none", "fever", "cough", "sore_throat", "fatigue", "breathless", "diarrhoea")
"""What a traveller feels today. `none` is an answer of its own and excludes the others: silence is not "healthy"."""

YES_NO = ("yes", "no")

ABROAD = "abroad"
"""Origin outside the divisions of GB/T 2260."""

ELSEWHERE = "elsewhere"
"""Destination outside the city: passing through."""

MAX_TRAVELLERS = 9
"""Travellers in one passage; a coach registers as several passages of the same plate, still one vehicle."""
