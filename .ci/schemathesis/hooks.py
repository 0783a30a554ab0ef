"""What schemathesis cannot make up: sessions, and requests about things that are there.

Of every four cases of an operation the first is a sample, so that the answer of a success is checked, too. The third says
what was generated, about the thing that the sample was about. The other two are sent as generated.
"""

import collections
import os

import schemathesis
from hypothesis import strategies
from schemathesis.generation import GenerationMode

from world import World

WORLD = World(os.environ["KITEMATE_URL"], os.environ["KITEMATE_EMULATOR_URL"])
AUTH = os.environ["KITEMATE_AUTH"]

_asked = collections.Counter()
_samples = {}
# What was sent as it was generated.
_generated = set()
# What a schema does not say: moments that are to come, cursors of the very list, and what a kind of event needs.
UNSAID = {"cursor", "expiresAt", "must be above zero"}


def _isin(body):
    digits = "".join(str(int(letter, 36)) for letter in body)
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return body + str(-sum(sum(divmod(number, 10)) for number in doubled) % 10)


schemathesis.openapi.format("isin", strategies.from_regex(r"IN[EF][0-9A-Z]{8}", fullmatch=True).map(_isin))


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw["operationId"]
    case.headers = case.headers or {}
    by_key = AUTH == "key" and WORLD.sample_token(operation) is None
    # A method that the path does not have is refused whatever else is said.
    if case.method.lower() != case.operation.method.lower():
        case.headers.update(WORLD.credentials(by_key))
        return
    number = _asked[operation]
    if number % 2 == 1:
        _generated.add(case.id)
    _asked[operation] += 1
    if number % 4 == 0:
        _samples[operation] = WORLD.sample(operation)
    sample = _samples[operation]
    case.headers.update(WORLD.credentials(by_key, sample.token))
    if number % 2 == 0:
        case.path_parameters = {**(case.path_parameters or {}), **sample.path}
    if number % 4 == 0:
        case.query = sample.query
        case.headers.pop("Idempotency-Key", None)
        if sample.body is not None:
            case.body, case.media_type = sample.body, sample.media_type


@schemathesis.check
def reads_what_the_schema_says(context, response, case):
    """Nothing is taken that the schema refuses, and no field refused that it takes."""
    if case.id not in _generated or case.meta is None:
        return
    if case.meta.generation.mode is GenerationMode.NEGATIVE:
        # Where there is no body, nothing looks at what it would be.
        if getattr(case.meta.phase.data, "parameter", None) == "Content-Type":
            return
        taken = 200 <= response.status_code < 300
        assert not taken, f"taken, and the schema refuses it: {case.meta.phase}"
    elif response.status_code == 400:
        for error in response.json().get("errors", []):
            said = UNSAID & {error["path"], error["message"]} or not error["message"].startswith("must ")
            assert said, f"refused, and the schema takes it: {error}"


@schemathesis.hook
def after_call(context, case, response):
    if "Authorization" in response.request.headers:
        WORLD.answered(case.operation.definition.raw["operationId"], response.status_code)
