"""The configuration of the page: `page:`."""

from __future__ import annotations

from pydantic import Field, IPvAnyAddress, SecretStr, model_validator

from schemas.base import BindAddress, LocalPath, Strict

#: A token is guessed at the speed of a LAN.
SHORTEST_TOKEN = 12
#: A password costs a guesser much more time than a token: it is checked with scrypt.
SHORTEST_PASSWORD = 8


class PageConfig(Strict):
    """`page:`."""

    bind: BindAddress = Field("127.0.0.1", description="0.0.0.0: every network reaches it")
    port: int = Field(8655, ge=1, le=65535)
    url: str | None = Field(
        None,
        max_length=200,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        description="address of the page for *Visit* in Home Assistant; default: `bind` and `port`;"
        " for 0.0.0.0 the host name with `.local`",
    )
    token: SecretStr | None = Field(
        None, description="logs in, or comes as `Authorization: Bearer`"
    )
    token_file: LocalPath | None = Field(None, description="instead of `token`")
    user: str | None = Field(None, max_length=60, description="logs in with `password`")
    password: SecretStr | None = Field(
        None, description="as text, or the line that `surveillance-agent hash-password` prints"
    )
    password_file: LocalPath | None = Field(None, description="instead of `password`")
    one_time_token: SecretStr | None = Field(
        None, description="logs in once: for a link that a script prints"
    )
    https: bool = Field(
        False,
        description="set it if a proxy in front uses TLS: the browser then never sends "
        "the cookie without TLS",
    )
    proxies: tuple[IPvAnyAddress, ...] = Field(
        (),
        max_length=8,
        description="addresses of proxies in front: they name the visitor's address "
        "(`X-Forwarded-For`)",
    )
    ingress: bool = Field(
        False, description="Home Assistant's supervisor has checked the visitor; the app sets it"
    )

    @model_validator(mode="after")
    def _somebody_can_log_in(self) -> PageConfig:
        if self.token is not None and self.token_file is not None:
            raise ValueError("token and token_file are both set: keep one")
        if self.password is not None and self.password_file is not None:
            raise ValueError("password and password_file are both set: keep one")
        for name, least in (("token", SHORTEST_TOKEN), ("one_time_token", SHORTEST_TOKEN)):
            secret = getattr(self, name)
            if secret is not None and len(secret.get_secret_value()) < least:
                raise ValueError(f"{name}: at least {least} characters")
        if self.password and len(self.password.get_secret_value()) < SHORTEST_PASSWORD:
            raise ValueError(f"password: at least {SHORTEST_PASSWORD} characters")
        if self.user == "":
            raise ValueError("user is empty: write a name, or leave it out")
        has_password = self.password is not None or self.password_file is not None
        if has_password != (self.user is not None):
            raise ValueError("user and password belong together: set both, or none")
        named = (self.token, self.token_file, self.user, self.one_time_token)
        if not self.ingress and all(it is None for it in named):
            raise ValueError("nobody could log in: set token, token_file, or user and password")
        return self
