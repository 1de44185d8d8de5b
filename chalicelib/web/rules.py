"""The rules of single answers as data, for the browser: taken from `passage`, where they are kept and explained.

What is data there (patterns, bounds, codes, tables) is data here. The few steps around them, like the check character,
are in `static/check.js`; the tests run every input of the corpus through both.
"""

from __future__ import annotations

from chalicelib.passage import abroad, codes, form, values


def rules() -> dict[str, object]:
    """Patterns match a whole text and mean the same to `re` and to a browser's RegExp with the flag `u`."""
    return {
        "wide": ["".join(map(chr, values.FULL_WIDTH)), "".join(map(chr, values.FULL_WIDTH.values()))],
        "name": [values.NAME_MIN, values.NAME_MAX],
        "dots": values.DOTS,
        "punctuation": values.NAME_PUNCTUATION,
        "piled": values.PILED,
        "address": [values.ADDRESS_MIN, values.ADDRESS_MAX],
        "resident_id": values.RESIDENT_ID.pattern,
        "resident_id_15": values.RESIDENT_ID_15.pattern,
        "weights": values.WEIGHTS,
        "check": values.CHECK_CHARACTERS,
        "oldest": values.OLDEST,
        "numbers": {kind: pattern.pattern for kind, pattern in values.NUMBERS.items()},
        "in_numbers": values.IN_NUMBERS,
        "phone": values.PHONE.pattern,
        "in_phones": values.IN_PHONES,
        "mobile": values.MOBILE.pattern,
        "landline": values.LANDLINE.pattern,
        "foreign": values.FOREIGN.pattern,
        "plate": values.PLATE.pattern,
        "in_plates": values.IN_PLATES,
        "provinces": values.PROVINCES,
        "temperature": values.TEMPERATURE.pattern,
        "temperature_else": values.TEMPERATURE_ELSE.pattern,
        "degrees": [values.TEMPERATURE_MIN, values.TEMPERATURE_MAX],
        "abroad": sorted(abroad.NAMES),
        "submission": form.SUBMISSION.pattern,
        "vehicles": codes.VEHICLES,
        "no_vehicle": sorted(codes.NO_VEHICLE),
        "plate_optional": sorted(codes.PLATE_OPTIONAL),
        "documents": codes.DOCUMENTS,
        "purposes": codes.PURPOSES,
        "symptoms": codes.SYMPTOMS,
        "yes_no": codes.YES_NO,
        "elsewhere": codes.ELSEWHERE,
        "most": codes.MAX_TRAVELLERS,
        "trip": form.TRIP,
    }
