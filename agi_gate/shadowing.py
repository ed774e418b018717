"""The configuration that is tried beside the live one: read where calls are about to be decided, or left out.

Joint.  Whatever is wrong with it is told, and calls are decided as if there were none: it is not theirs.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from agi_gate import config

logger = logging.getLogger(__name__)


def with_shadow(settings: config.Settings) -> config.Settings:
    """The settings with their shadow, as far as it can be read."""
    if settings.shadow_path is None:
        return settings
    try:
        return replace(settings, shadow=config.load_shadow(settings.shadow_path))
    except config.ConfigError as error:
        told = str(error)
    except Exception as error:  # a file that is only tried must not stop a daemon, whatever is in it
        told = f"{settings.shadow_path}: {type(error).__name__}"
    logger.error("calls are decided, and no shadow decisions are made, until this is mended and SIGHUP sent:\n%s", told)
    return settings
