"""People, accounts and things that requests can be about, made through the API."""

import base64
import dataclasses
import pathlib
import re
import secrets
import time

import requests

ROOT = pathlib.Path(__file__).parents[2]
STATEMENT = ROOT / "examples" / "zerodha-console-holdings.xlsx"
PASSWORD = "a long password of nobody"
SECURITY = "INE002A01018"
DAY = "2025-08-20"
# How long an access token is used; it is good for 15 minutes.
TOKEN_SECONDS = 600


@dataclasses.dataclass
class Sample:
    """A request that succeeds: who sends it, and what it says."""

    path: dict = dataclasses.field(default_factory=dict)
    query: dict = dataclasses.field(default_factory=dict)
    body: object = None
    media_type: str = "application/json"
    token: str | None = None


class Person:
    """Somebody who registered, with a session that is renewed when it ends."""

    def __init__(self, world):
        self.world = world
        self.email = f"{secrets.token_hex(8)}@example.in"
        world.post("/v1/auth/verify-email", world.registration(self.email))
        self.renew()

    def renew(self):
        login = {"email": self.email, "password": PASSWORD}
        session = self.world.post("/v1/auth/login", login)
        self.token, self.refresh_token = session["accessToken"], session["refreshToken"]
        self.since = time.monotonic()

    def current_token(self):
        if time.monotonic() - self.since > TOKEN_SECONDS:
            self.renew()
        return self.token


class World:
    """What there is at one deployment."""

    def __init__(self, url, emulator_url):
        self.url, self.emulator_url = url, emulator_url
        self.read = set()
        self.owner, self.second = Person(self), Person(self)
        # Is erased, signed out, and given new passwords, so that the owner is not.
        self.third = Person(self)
        self.import_statement()
        self.key = self.post("/v1/api-keys", self.key_request(), self.owner)["key"]

    # Calls.

    def call(self, method, path, person=None, **more):
        headers = {"authorization": f"Bearer {person.current_token()}"} if person else {}
        answer = requests.request(method, self.url + path, headers=headers, timeout=60, **more)
        if not answer.ok:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    def get(self, path, person=None):
        return self.call("GET", path, person)

    def post(self, path, body, person=None):
        return self.call("POST", path, person, json=body)

    def mail_to(self, email, pattern):
        """What a pattern finds in the newest mail to somebody that was not read before."""
        for _ in range(400):
            mails = requests.get(f"{self.emulator_url}/_ministack/ses/messages", timeout=60).json()
            for mail in reversed([mail for each in mails["messages"].values() for mail in each]):
                found = re.search(pattern, mail["BodyText"]) if email in mail["To"] else None
                if found and found.group(1) not in self.read:
                    self.read.add(found.group(1))
                    return found.group(1)
            time.sleep(0.05)
        raise RuntimeError(f"no mail with {pattern} came to {email}")

    # Who asks.

    def credentials(self, by_key, token=None):
        if by_key:
            return {"x-api-key": self.key}
        return {"Authorization": f"Bearer {token or self.owner.current_token()}"}

    def sample_token(self, operation):
        """The token of who must ask, where it is not the owner: keys are not tried there."""
        return self.third.token if operation in OF_THE_THIRD else None

    def answered(self, operation, status):
        """Mends what a request with a session has ended, before the next one."""
        if operation in OF_THE_THIRD and (status < 300 or status == 401):
            self.third = Person(self)
        elif status == 401 and operation not in PUBLIC:
            self.owner.renew()
            self.second.renew()

    # Things.

    def sample(self, operation):
        make = SAMPLES.get(operation)
        return make(self) if make else Sample()

    def registration(self, email=None):
        email = email or f"{secrets.token_hex(8)}@example.in"
        request = {"email": email, "password": PASSWORD, "name": "Asha Tester"}
        begun = self.post("/v1/auth/register", request)
        code = self.mail_to(email, r"code is (\d{8})")
        return {"registrationId": begun["registrationId"], "code": code}

    def import_statement(self):
        with STATEMENT.open("rb") as file:
            return self.call(
                "POST", "/v1/portfolio/import", self.owner, files={"file": (STATEMENT.name, file)}
            )

    def statement(self):
        content = base64.b64encode(STATEMENT.read_bytes()).decode()
        return {"content": content, "fileName": STATEMENT.name}

    def account_id(self):
        accounts = self.get("/v1/accounts", self.owner)["items"]
        if not accounts:
            self.import_statement()
            accounts = self.get("/v1/accounts", self.owner)["items"]
        return accounts[0]["accountId"]

    def transaction(self):
        return {
            "accountId": self.account_id(),
            "kind": "buy",
            "isin": SECURITY,
            "on": DAY,
            "quantity": "1",
            "price": "1400.00",
            "exchange": "NSE",
        }

    def transaction_id(self):
        return self.post("/v1/transactions", self.transaction(), self.owner)["transactionId"]

    def key_request(self):
        return {"name": "Reader", "scopes": ["portfolio:read", "query:read", "chat:ask"]}

    def key_id(self):
        return self.post("/v1/api-keys", self.key_request(), self.owner)["keyId"]

    def query(self):
        return {
            "version": 1,
            "operation": "rank",
            "entity": "holding",
            "measures": ["value", "weight"],
            "groupBy": ["security"],
        }

    def query_id(self):
        return self.post("/v1/query/execute", {"query": self.query()}, self.owner)["queryId"]

    def certified(self):
        return {"question": f"How are we doing {secrets.token_hex(4)}", "query": self.query()}

    def certified_id(self):
        return self.post("/v1/query/certified", self.certified(), self.owner)["certifiedId"]

    def asked(self):
        return self.post("/v1/chat/query", {"question": "Should I sell?"}, self.owner)

    def workspace_id(self):
        request = {"name": f"Family {secrets.token_hex(4)}"}
        return self.post("/v1/workspaces", request, self.owner)["workspaceId"]

    def token_in(self, workspace_id, person):
        return self.post(f"/v1/workspaces/{workspace_id}/token", {}, person)["accessToken"]

    def invitation(self, workspace_id=None):
        """A token that the second person may accept."""
        workspace_id = workspace_id or self.workspace_id()
        request = {"email": self.second.email, "role": "viewer"}
        self.post(f"/v1/workspaces/{workspace_id}/invitations", request, self.owner)
        return self.mail_to(self.second.email, r"with this token:\s+(\S+)")

    def shared_workspace(self):
        """A workspace of the owner with the second person in it, by their ids."""
        workspace_id = self.workspace_id()
        accept = {"token": self.invitation(workspace_id)}
        self.post("/v1/invitations/accept", accept, self.second)
        second = self.get("/v1/auth/me", self.second)["userId"]
        return {"workspaceId": workspace_id, "userId": second}

    def zerodha(self):
        """What a browser comes back from Kite's login page with."""
        begun = self.get("/v1/auth/zerodha/initiate", self.owner)
        led = requests.post(
            begun["loginUrl"],
            data={"user_id": "AB1234", "outcome": "success"},
            allow_redirects=False,
            timeout=60,
        )
        token = re.search(r"request_token=([^&]+)", led.headers["location"]).group(1)
        return {"requestToken": token, "state": begun["state"], "moveHere": True}

    def connection_id(self):
        came = self.zerodha()
        return self.post("/v1/auth/zerodha/callback", came, self.owner)["connectionId"]

    def reset(self):
        begun = self.post("/v1/auth/forgot-password", {"email": self.third.email})
        code = self.mail_to(self.third.email, r"new password is (\d{8})")
        return {"resetId": begun["resetId"], "code": code, "password": PASSWORD}


# Of the person whom these may end.
OF_THE_THIRD = {"auth-erase", "auth-logout", "auth-reset-password"}

# Refuse for their own reasons with 401.
PUBLIC = {"auth-login", "auth-refresh", "auth-exchange", "auth-oauth-callback"}


def _in_shared(world, body=None):
    shared = world.shared_workspace()
    token = world.token_in(shared["workspaceId"], world.owner)
    return Sample(path=shared, body=body, token=token)


def _leave(world):
    shared = world.shared_workspace()
    token = world.token_in(shared["workspaceId"], world.second)
    return Sample(path={"workspaceId": shared["workspaceId"]}, token=token)


def _transfer(world):
    shared = world.shared_workspace()
    token = world.token_in(shared["workspaceId"], world.owner)
    path = {"workspaceId": shared["workspaceId"]}
    return Sample(path=path, body={"userId": shared["userId"]}, token=token)


def _workspace(world, body=None):
    workspace_id = world.workspace_id()
    token = world.token_in(workspace_id, world.owner)
    return Sample(path={"workspaceId": workspace_id}, body=body, token=token)


SAMPLES = {
    "access-key-create": lambda world: Sample(body=world.key_request()),
    "access-key-revoke": lambda world: Sample(path={"keyId": world.key_id()}),
    "access-key-rotate": lambda world: Sample(
        path={"keyId": world.key_id()}, body={"overlapSeconds": 60}
    ),
    "auth-erase": lambda world: Sample(
        token=world.third.current_token(), body={"password": PASSWORD}
    ),
    "auth-export-get": lambda world: Sample(
        path={"exportId": world.post("/v1/auth/exports", {}, world.owner)["exportId"]}
    ),
    "auth-forgot-password": lambda world: Sample(body={"email": world.second.email}),
    "auth-login": lambda world: Sample(body={"email": world.second.email, "password": PASSWORD}),
    "auth-logout": lambda world: Sample(token=world.third.current_token(), body={}),
    "auth-refresh": lambda world: Sample(body={"refreshToken": Person(world).refresh_token}),
    "auth-register": lambda world: Sample(
        body={"email": f"{secrets.token_hex(8)}@example.in", "password": PASSWORD}
    ),
    "auth-reset-password": lambda world: Sample(body=world.reset()),
    "auth-update": lambda world: Sample(body={"name": "Asha Tester"}),
    "auth-verify-email": lambda world: Sample(body=world.registration()),
    "brokers-account-delete": lambda world: Sample(path={"accountId": world.account_id()}),
    "brokers-account-update": lambda world: Sample(
        path={"accountId": world.account_id()}, body={"label": "Long term"}
    ),
    "brokers-sync": lambda world: world.connection_id() and Sample(body={}),
    "brokers-zerodha-callback": lambda world: Sample(body=world.zerodha()),
    "brokers-zerodha-disconnect": lambda world: Sample(
        path={"connectionId": world.connection_id()}
    ),
    "portfolio-export": lambda world: Sample(body={}),
    # An account that was connected today is known since today.
    "portfolio-performance": lambda world: Sample(
        query={"accountId": world.import_statement()["accountId"]}
    ),
    "chat-ask": lambda world: Sample(body={"question": "What is my portfolio worth?"}),
    "chat-conversation-delete": lambda world: Sample(
        path={"conversationId": world.asked()["conversationId"]}
    ),
    "chat-conversation-get": lambda world: Sample(
        path={"conversationId": world.asked()["conversationId"]}
    ),
    "chat-rate": lambda world: Sample(
        path={"turnId": world.asked()["turnId"]}, body={"rating": "up"}
    ),
    "chat-stream": lambda world: Sample(body={"question": "What is my portfolio worth?"}),
    "imports-create": lambda world: Sample(body=world.statement()),
    "imports-list": lambda world: world.import_statement() and Sample(),
    "imports-get": lambda world: Sample(
        path={"importId": world.import_statement()["importId"]}
    ),
    "imports-undo": lambda world: Sample(
        path={"importId": world.import_statement()["importId"]}
    ),
    "imports-upload": lambda world: Sample(
        body={"bytes": STATEMENT.stat().st_size, "fileName": STATEMENT.name}
    ),
    "imports-upload-get": lambda world: Sample(
        path={
            "uploadId": world.post(
                "/v1/portfolio/uploads", {"bytes": 1000, "fileName": "holdings.csv"}, world.owner
            )["uploadId"]
        }
    ),
    "market-asset-kind": lambda world: Sample(path={"isin": SECURITY}, body={"kind": "equity"}),
    "query-certified-create": lambda world: Sample(body=world.certified()),
    "query-certified-delete": lambda world: Sample(path={"certifiedId": world.certified_id()}),
    "query-execute": lambda world: Sample(body={"query": world.query()}),
    "query-log-get": lambda world: Sample(path={"queryId": world.query_id()}),
    "query-rerun": lambda world: Sample(path={"queryId": world.query_id()}),
    "query-validate": lambda world: Sample(body={"query": world.query()}),
    "transactions-create": lambda world: Sample(body=world.transaction()),
    "transactions-delete": lambda world: Sample(path={"transactionId": world.transaction_id()}),
    "transactions-update": lambda world: Sample(
        path={"transactionId": world.transaction_id()}, body={"quantity": "2"}
    ),
    "workspaces-create": lambda world: Sample(body={"name": "Family"}),
    "workspaces-get": _workspace,
    "workspaces-leave": _leave,
    "workspaces-member-accept": lambda world: Sample(
        token=world.second.current_token(), body={"token": world.invitation()}
    ),
    "workspaces-member-invite": lambda world: _workspace(
        world, {"email": f"{secrets.token_hex(8)}@example.in", "role": "viewer"}
    ),
    "workspaces-member-list": _workspace,
    "workspaces-member-remove": _in_shared,
    "workspaces-member-update": lambda world: _in_shared(world, {"role": "analyst"}),
    "workspaces-switch": lambda world: Sample(path={"workspaceId": world.workspace_id()}),
    "workspaces-transfer": _transfer,
    "workspaces-update": lambda world: _workspace(world, {"name": "Family"}),
}
