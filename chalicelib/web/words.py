"""The words of the pages: what each code is called, and what each broken rule says to a traveller.

All are messages (English, translated by the catalogues); `_` only marks them here, the pages translate.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.web.language import marked as _

VEHICLES: Mapping[str, str] = {
    "car": _("Car"),
    "coach": _("Coach, bus"),
    "truck": _("Truck"),
    "motorcycle": _("Motorbike"),
    "other": _("Other vehicle"),
    "rail": _("By train"),
    "foot": _("On foot"),
}

VEHICLE_SIGNS: Mapping[str, str] = {
    "car": "🚗", "coach": "🚌", "truck": "🚚", "motorcycle": "🏍️", "other": "🚜", "rail": "🚆", "foot": "🚶",
}  # fmt: skip
"""Beside the words, for those who read neither language well; every phone has them in its own font."""

DOCUMENTS: Mapping[str, str] = {
    "resident_id": _("Resident ID card"),
    "passport": _("Passport"),
    "hk_macao_permit": _("HK / Macao permit"),
    "taiwan_permit": _("Taiwan permit"),
    "other": _("Other document"),
    "none": _("None at hand"),
}

PURPOSES: Mapping[str, str] = {
    "home": _("Going home"),
    "work": _("Work"),
    "visit": _("Visiting"),
    "medical": _("Seeing a doctor"),
    "freight": _("Carrying goods"),
    "transit": _("Passing through"),
    "other": _("Other purpose"),
}

SYMPTOMS: Mapping[str, str] = {
    "none": _("None of these"),
    "fever": _("Fever"),
    "cough": _("Cough"),
    "sore_throat": _("Sore throat"),
    "fatigue": _("Very tired"),
    "breathless": _("Short of breath"),
    "diarrhoea": _("Diarrhoea"),
}

YES_NO: Mapping[str, str] = {"yes": _("Yes"), "no": _("No")}

FIELDS: Mapping[str, str] = {
    "submission": _("This form"),
    "replaces": _("Correction"),
    "vehicle": _("How do you arrive?"),
    "plate": _("Number plate"),
    "travellers": _("Travellers"),
    "name": _("Name"),
    "document": _("Identity document"),
    "number": _("Document number"),
    "phone": _("Phone"),
    "origin": _("Where do you come from?"),
    "same_as_first": _("Same journey as traveller 1"),
    "township": _("Where are you going?"),
    "address": _("Address there"),
    "purpose": _("Purpose"),
    "key_region_stay": _("Were you in a key region in the last 14 days?"),
    "symptoms": _("How do you feel today?"),
    "temperature": _("Temperature"),
}
"""What the last part of a field's name is called."""

REQUIRED: Mapping[str, str] = {
    "vehicle": _("Choose how you arrive."),
    "plate": _("Write the number plate."),
    "name": _("Write the name."),
    "document": _("Choose the document; a child without one: “None at hand”."),
    "number": _("Write the number on the document."),
    "phone": _("Write a phone number, so that we can reach you."),
    "origin": _("Write where you come from."),
    "township": _("Choose where you are going."),
    "address": _("Write the address where you will stay."),
    "purpose": _("Choose the purpose."),
    "key_region_stay": _("Answer yes or no."),
    "symptoms": _("Choose what applies; if nothing does: “None of these”."),
}
"""The sentence of the rule `required`, by the last part of the field's name."""

RULES: Mapping[str, str] = {
    "required": _("Please answer this."),
    "choice": _("Choose one of the answers shown."),
    "unwanted": _("Leave this empty: it does not fit the answer above."),
    "submission": _("This form was renewed. Press Register again."),
    "replaces_unknown": _("What this corrects is not registered here. Press Register: then it is registered anew."),
    "plate": _("Write the plate like 辽C12345, new energy like 辽CD12345. The letters O and I are never used."),
    "travellers_none": _("Write down at least one traveller."),
    "travellers_many": _("One form holds 9 travellers. Register the others on a new form, with the same plate."),
    "travellers_gap": _("A traveller is missing in between. Please fill in the form anew."),
    "name_length": _("A name has 2 to 50 characters."),
    "name_characters": _("Write the name with letters only, as on the document."),
    "address_length": _("An address has 2 to 100 characters."),
    "address_characters": _("Write the address with letters, numbers and plain signs only."),
    "resident_id_15": _("This is an old number with 15 digits. Write the 18 characters of the present card."),
    "resident_id_form": _("A resident ID has 18 characters: 17 digits, then a digit or X."),
    "resident_id_date": _("The birth date in this number does not exist. Compare with the card."),
    "resident_id_check": _("There is a mistake in this number. Compare each digit with the card."),
    "passport_form": _("A passport number has 5 to 12 letters and digits."),
    "hk_macao_permit_form": _("Write the permit number like H12345678 or M12345678."),
    "taiwan_permit_form": _("Write the 8 digits of the Taiwan permit."),
    "other_form": _("A document number has 3 to 20 letters and digits."),
    "number_twice": _("This document number is already that of another traveller."),
    "phone": _("Write one phone number: a mobile with 11 digits, or one with +country code."),
    "origin_unknown": _("We do not know this place. Write city and county or district; outside China: write abroad."),
    "origin_choose": _("There are several places of this name. Choose one."),
    "township_unknown": _("Choose one of the places shown."),
    "symptoms_none_alone": _("“None of these” cannot be ticked together with another answer."),
    "same_or_own": _("Same journey as traveller 1 is ticked: empty this, or untick that."),
    "temperature_form": _("Write the temperature like 36.5, or leave it empty."),
    "temperature_range": _("Write degrees Celsius between 34 and 43, like 36.5."),
}  # fmt: skip
"""A sentence for each of `form.RULES`."""


def sentence(field: str, rule: str) -> str:
    """The message that tells a traveller how to mend `field`, which breaks `rule`."""
    part = field.rpartition(".")[2]
    if rule == "required" and part in REQUIRED:
        return REQUIRED[part]
    return RULES[rule]
