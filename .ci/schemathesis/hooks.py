"""What schemathesis cannot make up: sessions, and requests about things that are there.

Of every four cases of an operation the first is a sample, so that the answer of a success is checked, too. The third says
what was generated, about the thing that the sample was about. The other two are sent as generated.
"""

import collections
import os

import schemathesis

from world import World

WORLD = World(os.environ["KITEMATE_URL"], os.environ["KITEMATE_EMULATOR_URL"])
AUTH = os.environ["KITEMATE_AUTH"]

_asked = collections.Counter()
_samples = {}


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


@schemathesis.hook
def after_call(context, case, response):
    if "Authorization" in response.request.headers:
        WORLD.answered(case.operation.definition.raw["operationId"], response.status_code)
