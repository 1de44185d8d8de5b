"""The accounts: the one edge to the user pool (Amazon Cognito), for signing in and for `scripts/operators`.

Passwords are judged by the provider, through calls that our role signs (ADMIN_USER_PASSWORD_AUTH), and by no other way:
the pool's client allows none that the public internet could call, so that our limits cannot be gone around. The
password passes through our function over TLS; with SRP it would not, but SRP in a page needs a script, and signing in
must work without one.
"""

from __future__ import annotations

import json
import secrets
import string
import urllib.request
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from chalicelib.command.people import Person, known_roles

Challenge = Literal["NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP", "ENROL"]
"""The provider's, and ENROL: somebody who is signed in already adds a second factor."""

_REFUSED = {
    "NotAuthorizedException", "UserNotFoundException", "UserNotConfirmedException", "PasswordResetRequiredException",
    "ExpiredCodeException", "InvalidParameterException",
}  # fmt: skip
"""One answer for all of them: who tries names must not learn which there are."""

_CODE_WRONG = {"CodeMismatchException", "EnableSoftwareTokenMFAException"}

_TOO_MANY = {"TooManyRequestsException", "TooManyFailedAttemptsException", "LimitExceededException"}

KEYS_SECONDS = 3.0

SESSIONS_FROM = "custom:sessions_from"
"""What the pool keeps of a person whose sessions were ended: only sign-ins begun after that second of the epoch count.
Our own mark, because what the provider's UserLastModifiedDate follows is written nowhere (MiniStack's does not follow a
factor that is taken away)."""


class SignInRefused(PermissionError):
    """Wrong name, password or code, or somebody who was disabled: which of them is not told."""


class CodeWrong(SignInRefused):
    """The six digits are not those of the moment."""


class AlreadyEnrolled(ValueError):
    """They have a second factor."""


class PasswordTooWeak(ValueError):
    """The new password does not fulfil the pool's rules."""


class TooManyAttempts(RuntimeError):
    """The provider refuses more attempts for a while."""


class AccountsUnavailable(RuntimeError):
    """The provider did not answer, or not as it should; names its error alone."""


class NoSuchAccount(LookupError):
    """Nobody is called so."""


class AccountExists(ValueError):
    """Somebody is called so already."""


class Step(Struct, frozen=True):
    """What is still wanted of somebody who knows the password."""

    challenge: Challenge
    name: str
    session: str
    """The provider's, single use; of ENROL the access token, as long as it takes."""
    secret: str = ""
    """Of MFA_SETUP and ENROL: what the authenticator app is given. Shown to its person and to nobody else."""
    began: int = 0
    """When the password was shown, in seconds of the epoch: the session that comes of it counts from then."""


class Account(Struct, frozen=True):
    """An operator as the list shows them."""

    name: str
    roles: tuple[str, ...]
    enabled: bool
    state: str
    """The provider's word: CONFIRMED, or FORCE_CHANGE_PASSWORD before the first sign-in."""


class Accounts:
    """The operators' user pool."""

    def __init__(self, client: Any, pool: str, app: str) -> None:
        self._client = client
        self._pool = pool
        self._app = app

    # Signing in

    def begin(self, name: str, password: str) -> str | Step:
        """The access token, or the step that comes before it. Raises SignInRefused, TooManyAttempts,
        AccountsUnavailable."""
        return self._outcome(
            name,
            lambda: self._client.admin_initiate_auth(
                UserPoolId=self._pool,
                ClientId=self._app,
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": name, "PASSWORD": password},
            ),
        )

    def answer(self, step: Step, given: str) -> str | Step:
        """Goes on from `step` with the new password or the six digits. Raises as `begin`, and PasswordTooWeak,
        CodeWrong."""
        session = step.session
        responses = {"USERNAME": step.name}
        if step.challenge == "NEW_PASSWORD_REQUIRED":
            if not strong(given):
                raise PasswordTooWeak  # the pool says the same, and its session would be used up
            responses["NEW_PASSWORD"] = given
        elif step.challenge == "SOFTWARE_TOKEN_MFA":
            responses["SOFTWARE_TOKEN_MFA_CODE"] = given
        else:
            session = self._verified(given, Session=session)["Session"]
        return self._outcome(
            step.name,
            lambda: self._client.admin_respond_to_auth_challenge(
                UserPoolId=self._pool,
                ClientId=self._app,
                ChallengeName=step.challenge,
                ChallengeResponses=responses,
                Session=session,
            ),
        )

    # A second factor, for somebody who is signed in

    def enrol(self, name: str, password: str) -> Step:
        """The step by which they add one. Raises AlreadyEnrolled, SignInRefused, TooManyAttempts,
        AccountsUnavailable."""
        token = self.begin(name, password)
        if isinstance(token, Step):
            if token.challenge == "SOFTWARE_TOKEN_MFA":
                raise AlreadyEnrolled
            raise SignInRefused
        started = self._called(lambda: self._client.associate_software_token(AccessToken=token))
        return Step("ENROL", name, token, started["SecretCode"])

    def prove(self, step: Step, given: str) -> None:
        """Whether the app of `step` (ENROL) shows these six digits. Raises CodeWrong, and as `begin`."""
        self._verified(given, AccessToken=step.session)

    def prefer(self, step: Step) -> None:
        """From now on the app of `step`, which was proven, is asked for. Raises as `begin`."""
        wanted = {"Enabled": True, "PreferredMfa": True}
        self._called(
            lambda: self._client.set_user_mfa_preference(AccessToken=step.session, SoftwareTokenMfaSettings=wanted)
        )

    def _verified(self, given: str, **proof: str) -> Any:
        return self._called(
            lambda: self._client.verify_software_token(UserCode=given, FriendlyDeviceName="kakou", **proof)
        )

    def look(self, name: str, began: int) -> Person | None:
        """The person as the pool has them now; None when they are disabled or gone, or when their sessions that
        `began` then (seconds of the epoch) were ended since. Raises AccountsUnavailable."""
        try:
            found = self._called(lambda: self._client.admin_get_user(UserPoolId=self._pool, Username=name))
            ended = [each["Value"] for each in found.get("UserAttributes", []) if each["Name"] == SESSIONS_FROM]
            if not found.get("Enabled", False) or any(began <= int(at) for at in ended):
                return None
            return Person(name, self._roles(name))
        except (SignInRefused, NoSuchAccount):
            return None
        except TooManyAttempts:
            raise AccountsUnavailable("Cognito: throttled") from None

    def keys(self) -> dict[str, Any]:
        """The pool's public keys, as published (RFC 7517). Raises AccountsUnavailable."""
        address = f"{self._client.meta.endpoint_url}/{self._pool}/.well-known/jwks.json"
        try:
            with urllib.request.urlopen(  # noqa: S310 (the SDK's own endpoint)
                urllib.request.Request(address, headers={"Accept": "application/json"}),  # noqa: S310
                timeout=KEYS_SECONDS,
            ) as answer:
                found: dict[str, Any] = json.loads(answer.read(100_000))
                return found
        except (OSError, ValueError) as error:
            raise AccountsUnavailable(f"keys: {type(error).__name__}") from None

    # Keeping the list

    def add(self, name: str, role: str) -> str:
        """A new operator's temporary password, for the first sign-in. Raises AccountExists, AccountsUnavailable."""
        password = temporary_password()
        self._called(
            lambda: self._client.admin_create_user(
                UserPoolId=self._pool, Username=name, TemporaryPassword=password, MessageAction="SUPPRESS"
            )
        )
        self._called(lambda: self._client.admin_add_user_to_group(UserPoolId=self._pool, Username=name, GroupName=role))
        return password

    def reset(self, name: str) -> str:
        """A new temporary password, in place of the one that stands; their sessions end. Raises NoSuchAccount,
        AccountsUnavailable."""
        password = temporary_password()
        done = self._known(
            lambda: self._client.admin_set_user_password(
                UserPoolId=self._pool, Username=name, Password=password, Permanent=False
            )
        )
        self._end_sessions(name, done)
        return password

    def set_password(self, name: str, password: str) -> None:
        """A password that need not be changed: for the local stack's own operator."""
        self._known(
            lambda: self._client.admin_set_user_password(
                UserPoolId=self._pool, Username=name, Password=password, Permanent=True
            )
        )

    def unenrol(self, name: str) -> None:
        """Takes the second factor away, of a phone that is lost, say; their sessions end. Raises NoSuchAccount,
        AccountsUnavailable."""
        wanted = {"Enabled": False, "PreferredMfa": False}
        done = self._known(
            lambda: self._client.admin_set_user_mfa_preference(
                UserPoolId=self._pool, Username=name, SoftwareTokenMfaSettings=wanted
            )
        )
        self._end_sessions(name, done)

    def disable(self, name: str) -> None:
        """No more signing in; their sessions end, and stay at an end when they are enabled again. Raises
        NoSuchAccount, AccountsUnavailable."""
        done = self._known(lambda: self._client.admin_disable_user(UserPoolId=self._pool, Username=name))
        self._end_sessions(name, done)

    def sign_out(self, name: str) -> None:
        """Their sessions end; they may sign in anew. Raises NoSuchAccount, AccountsUnavailable."""
        found = self._known(lambda: self._client.admin_get_user(UserPoolId=self._pool, Username=name))
        self._end_sessions(name, found)

    def _end_sessions(self, name: str, done: Any) -> None:
        """Ends what signed in before the answer `done`, by the provider's clock: ours may lie. It takes effect within
        `sessions.CHECKED`."""
        at = parsedate_to_datetime(done["ResponseMetadata"]["HTTPHeaders"]["date"])
        mark = {"Name": SESSIONS_FROM, "Value": str(int(at.timestamp()))}
        self._known(
            lambda: self._client.admin_update_user_attributes(
                UserPoolId=self._pool, Username=name, UserAttributes=[mark]
            )
        )

    def enable(self, name: str) -> None:
        """Raises NoSuchAccount, AccountsUnavailable."""
        self._known(lambda: self._client.admin_enable_user(UserPoolId=self._pool, Username=name))

    def list(self) -> list[Account]:
        """All operators, by name."""
        found: list[Account] = []
        more: dict[str, Any] = {}
        while True:
            page = self._called(lambda more=more: self._client.list_users(UserPoolId=self._pool, **more))  # type: ignore[misc]
            for user in page["Users"]:
                name = user["Username"]
                found.append(Account(name, self._roles(name), user["Enabled"], user["UserStatus"]))
            if not page.get("PaginationToken"):
                return sorted(found, key=lambda each: each.name)
            more = {"PaginationToken": page["PaginationToken"]}

    def _roles(self, name: str) -> tuple[str, ...]:
        groups = self._known(
            lambda: self._client.admin_list_groups_for_user(UserPoolId=self._pool, Username=name, Limit=60)
        )
        return known_roles([group["GroupName"] for group in groups["Groups"]])

    def _outcome(self, name: str, call: Callable[[], Any]) -> str | Step:
        answer = self._called(call)
        if "AuthenticationResult" in answer:
            return str(answer["AuthenticationResult"]["AccessToken"])
        challenge, session = answer.get("ChallengeName", ""), answer.get("Session", "")
        if challenge == "MFA_SETUP":
            started = self._called(lambda: self._client.associate_software_token(Session=session))
            return Step(challenge, name, started.get("Session", session), started["SecretCode"])
        if challenge not in ("NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA"):
            raise AccountsUnavailable(f"challenge {challenge}")
        return Step(challenge, name, session)

    def _known(self, call: Callable[[], Any]) -> Any:
        try:
            return self._called(call)
        except SignInRefused:
            raise NoSuchAccount("there is no such operator") from None

    def _called(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _CODE_WRONG:
                raise CodeWrong from None
            if code in _REFUSED:
                raise SignInRefused from None
            if code in _TOO_MANY:
                raise TooManyAttempts from None
            if code == "InvalidPasswordException":
                raise PasswordTooWeak from None
            if code == "UsernameExistsException":
                raise AccountExists("there is an operator of that name already") from None
            raise AccountsUnavailable(f"Cognito: {code}") from None
        except BotoCoreError as error:
            raise AccountsUnavailable(f"Cognito: {type(error).__name__}") from None


def temporary_password() -> str:
    """Sixteen letters and digits that fulfil the pool's rules, without look-alikes: some 90 bits."""
    letters = "".join(each for each in string.ascii_letters + string.digits if each not in "0O1lI")
    while True:
        password = "".join(secrets.choice(letters) for _ in range(16))
        if strong(password):
            return password


def strong(password: str) -> bool:
    """Whether it fulfils the pool's rules, as `.chalice/data.json` has them."""
    kinds = (str.islower, str.isupper, str.isdigit)
    return 12 <= len(password) <= 256 and all(any(map(kind, password)) for kind in kinds)
