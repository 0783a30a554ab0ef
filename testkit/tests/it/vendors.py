"""Asks the stand-ins for language models by the vendors' own clients, which check what they are answered."""

import json
import sys

import anthropic
import openai

url, key = sys.argv[1:]
schema = {"type": "object", "properties": {"kind": {"type": "string"}}}
expected = {"kind": "advice"}


def by_openai(api_key):
    client = openai.OpenAI(api_key=api_key, base_url=f"{url}/openai/v1", max_retries=0)
    return client.responses.create(
        model="openai-model",
        instructions="Answer.",
        input=[{"role": "user", "content": "Should I sell?"}],
        max_output_tokens=10,
        store=False,
        text={"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": False}},
    )


def by_anthropic(api_key):
    client = anthropic.Anthropic(api_key=api_key, base_url=f"{url}/anthropic", max_retries=0)
    return client.messages.create(
        model="anthropic-model",
        max_tokens=10,
        system="Answer.",
        messages=[{"role": "user", "content": "Should I sell?"}],
        tools=[{"name": "answer", "description": "Takes the answer.", "input_schema": schema}],
        tool_choice={"type": "auto"},
    )


def fails(call, error):
    try:
        call()
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


answer = by_openai(key)
assert answer.status == "completed" and json.loads(answer.output_text) == expected, answer
assert (answer.usage.input_tokens, answer.usage.output_tokens) == (1000, 50), answer.usage
assert by_openai(key).output[-1].content[0].type == "refusal"
fails(lambda: by_openai(key), openai.RateLimitError)
fails(lambda: by_openai(key), openai.InternalServerError)
fails(lambda: by_openai("another"), openai.AuthenticationError)

answer = by_anthropic(key)
assert answer.content[0].type == "tool_use" and answer.content[0].input == expected, answer
assert (answer.usage.input_tokens, answer.usage.output_tokens) == (1000, 50), answer.usage
assert by_anthropic(key).stop_reason == "refusal"
fails(lambda: by_anthropic(key), anthropic.RateLimitError)
fails(lambda: by_anthropic(key), anthropic.InternalServerError)
fails(lambda: by_anthropic("another"), anthropic.AuthenticationError)
