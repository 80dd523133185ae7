"""Follows `--config`'s file while the program serves: what can hold at once does, and what cannot is told."""

import logging

from clusterless.configuration.filestamp import FileStamp
from clusterless.configuration.kubeproxyconfig import ConfigError
from clusterless.configuration.kubeproxyfile import LENIENT
from clusterless.configuration.reload import Reload, reread
from clusterless.configuration.settings import Settings
from clusterless.operations import logs

from .served import Served

log = logging.getLogger(__name__)


class LiveConfig:
    """The settings in force; without a file they stay as they are."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._file = FileStamp(settings.source.path if settings.source else "")

    @property
    def watched(self) -> tuple[str, ...]:
        """What to watch."""
        return self._file.watched

    async def look(self, served: Served, *, is_told: bool) -> bool:
        """Read the file again if it is another one, or if that is asked for; one that is not right changes nothing.

        True when the snapshot is to be applied again.
        """
        if not self._file.has_changed() and not (is_told and self._file.watched):
            return False
        try:
            change = reread(self.settings)
        except ConfigError as error:
            log.error("configuration is refused, the one before stays in force", extra={"kv": {"reason": str(error)}})
            served.warn("ConfigurationRefused", str(error))
            return False
        if change.applied:
            self.settings = change.settings
            logs.set_up(json=self.settings.json_logs, verbosity=self.settings.verbosity)
            await served.reconfigure(self.settings)
        _tell(change, served)
        return bool(change.applied)


def _tell(change: Reload, served: Served) -> None:
    for warning in change.settings.warnings:
        log.warning(LENIENT, extra={"kv": {"problem": warning}})
    log.info("configuration is read again", extra={"kv": {"applied": ",".join(change.applied)}})
    if change.waiting:
        fields = ", ".join(change.waiting)
        log.warning("configuration needs a restart", extra={"kv": {"fields": fields}})
        served.warn("ConfigurationNeedsRestart", f"These fields hold from the next start on: {fields}")
