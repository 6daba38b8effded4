"""The settings of the daemon: from an option of `dncd serve`, else DNCD_<NAME> in the environment, else the default."""

import os
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_PREFIX: Final = "DNCD_"
# The folder of the snapshots, inside the store's.
REGISTRIES_FOLDER: Final = "registries"


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0))


class Settings(BaseSettings):
    """Everything that can be set. `dncd config` prints what is in force."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    store: Path = Field(Path("dncd-store"), description="The folder of the store. Made where there is none.")
    listen: str = Field(
        "127.0.0.1:7420",
        description="The address and port to serve on. Port 0 lets the system pick one. An address that is not"
        " loopback needs a token in the store, and TLS or `insecure_plaintext`.",
    )
    workers: int = Field(
        default_factory=cores, ge=1, le=256, description="How many worker processes serve. Default: one for each core."
    )
    metrics_listen: str | None = Field(
        None,
        description="The address and port that Prometheus scrapes, such as `127.0.0.1:9464`; none: no metrics. Asks for"
        " no token. Port 0 lets the system pick one. An address that is not loopback is served with TLS by `tls_cert`,"
        " or needs `insecure_plaintext`.",
    )
    tls_cert: Path | None = Field(None, description="The server's certificate chain, PEM. Needs `tls_key`.")
    tls_key: Path | None = Field(None, description="The private key of the certificate, PEM. Needs `tls_cert`.")
    tls_client_ca: Path | None = Field(
        None,
        description="Mutual TLS: only clients with a certificate of this authority, PEM, may connect."
        " They still need a token.",
    )
    insecure_plaintext: bool = Field(
        False,
        description="Serve an address that is not loopback without TLS. Tokens and addresses then cross the network"
        " in the clear: only behind a proxy that ends TLS.",
    )
    drain_notice_seconds: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="On stopping, serve on for so long after health says NOT_SERVING, so that load balancers notice.",
    )
    drain_grace_seconds: float = Field(
        10.0, ge=0, le=3600, description="On stopping, give running calls so long to end before they are cancelled."
    )
    housekeeping_seconds: float = Field(
        60.0, gt=0, le=86_400, description="How often expired entries are closed and stale readers cleared."
    )
    ready_file: Path | None = Field(
        None,
        description="A file that gets one line once every worker is ready: the address, and the process id of the"
        " server. Taken away at start and when the server ends in order; a server that was killed leaves it.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="What is logged to stderr. No level logs addresses of persons."
    )

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.tls_client_ca and not self.tls_cert:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        return self


def effective(overrides: dict[str, Any]) -> Settings:
    """Build the settings from flags that were given (others are None), the environment and the defaults.

    Raises `pydantic.ValidationError`, which names each setting that is wrong.
    """
    return Settings(**{name: value for name, value in overrides.items() if value is not None})
