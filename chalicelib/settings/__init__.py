"""The settings: one versioned object, validated as a whole, published whole, read by every function."""

from chalicelib.settings.bucket import (
    Change,
    CurrentSettings,
    Entry,
    SettingsBucket,
    SettingsConflict,
    SettingsMissing,
    SettingsUnavailable,
)
from chalicelib.settings.shape import (
    Before,
    Bilingual,
    CodeKey,
    Collector,
    KeyRegions,
    Poster,
    Settings,
    SettingsInvalid,
    decode,
    encode,
    first_settings,
    following,
    validate,
)

__all__ = [
    "Before",
    "Bilingual",
    "Change",
    "CodeKey",
    "Collector",
    "CurrentSettings",
    "Entry",
    "KeyRegions",
    "Poster",
    "Settings",
    "SettingsBucket",
    "SettingsConflict",
    "SettingsInvalid",
    "SettingsMissing",
    "SettingsUnavailable",
    "decode",
    "encode",
    "first_settings",
    "following",
    "validate",
]
