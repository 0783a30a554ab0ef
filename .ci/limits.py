"""Translates every template as CloudFormation does, and holds each stack against the limits with every service doubled, and the
API with the paths that all planned functions will have.

Limits: "CloudFormation quotas" (500 resources and 200 outputs in a stack, a body of 1 MB), "API Gateway quotas" (300
resources, which are the nodes of the paths). What is there may take three fifths of each.
"""

import json
import pathlib
import sys
from unittest import mock

from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).parent.parent
MOST = {"resources": 500, "outputs": 200, "bytes": 1_000_000, "path nodes": 300}
MOST_PARAMETERS = 60
# Functions that are planned; those that are there have so many paths each, and the others will have as many.
PLANNED = 170


def translated(file: pathlib.Path) -> dict:
    """A template as CloudFormation gets it: what is packed stands where `sam package` puts it."""
    template = yaml_parse(file.read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = {"Bucket": "artefacts", "Key": "code.zip"}
        if resource["Type"] == "AWS::Serverless::Application":
            properties["Location"] = "https://s3.amazonaws.com/artefacts/template"
        if resource["Type"] == "AWS::Serverless::Api":
            location = properties["DefinitionBody"]["Fn::Transform"]["Parameters"]["Location"]
            properties["DefinitionBody"] = json.loads((file.parent / location).read_text(encoding="utf-8"))
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    loader = mock.Mock(spec=ManagedPolicyLoader)
    loader.load.return_value = {}
    parameters = {
        name: parameter.get("Default", "x") for name, parameter in template.get("Parameters", {}).items()
    }
    with mock.patch("boto3.session.Session.region_name", "ap-south-1"):
        return transform(template, parameters, loader)


def path_nodes(paths: list[str]) -> int:
    """The resources that API Gateway makes of paths: one for each segment that is not there yet."""
    nodes = set()
    for path in paths:
        segments = path.strip("/").split("/")
        nodes.update(tuple(segments[: at + 1]) for at in range(len(segments)))
    return len(nodes)


def main() -> None:
    files = [ROOT / "template.yaml", *sorted(ROOT.glob("deploy/*.yaml")), *sorted(ROOT.glob("functions/*/template.yaml"))]
    services = len(list(ROOT.glob("functions/*/template.yaml")))
    wrong, all_resources, functions, nodes = [], 0, 0, 0
    for file in files:
        stack = translated(file)
        name = str(file.relative_to(ROOT))
        resources = stack["Resources"].values()
        of_service = name.startswith("functions/")
        times = 2 if of_service else 1
        # The root has one resource for each service; network, database, alarms and queues stay as they are.
        more = services if name == "template.yaml" else 0
        size = len(json.dumps(stack, default=str))
        body = next((one["Properties"]["Body"] for one in resources if one["Type"] == "AWS::ApiGateway::RestApi"), None)
        taken = {"resources": len(resources) * times + more, "outputs": len(stack.get("Outputs", {})) * times}
        taken["bytes"] = size * times
        if body:
            taken["bytes"] += len(json.dumps(body))
            nodes = path_nodes(list(body["paths"]))
        for what, much in taken.items():
            if much > MOST[what] * 0.6:
                wrong.append(f"{name}: {much} {what} with every service doubled; at most {MOST[what] * 0.6:.0f}")
        if len(stack.get("Parameters", {})) > MOST_PARAMETERS:
            wrong.append(f"{name}: more than {MOST_PARAMETERS} parameters")
        all_resources += len(resources)
        for one in resources:
            if one["Type"] == "AWS::ApiGateway::Deployment" and "StageName" in one["Properties"]:
                wrong.append(f"{name}: the deployment makes a stage of its own, without any setting")
        functions += sum(1 for one in resources if one["Type"] == "AWS::Lambda::Function")
        said = ", ".join(f"{much} {what}" for what, much in taken.items())
        print(f"{name}: {len(resources)} resources; doubled {said}")
    print(f"{all_resources} resources in templates of {functions} functions")
    planned = nodes * max(PLANNED, functions) / functions
    print(f"{nodes} path nodes; {planned:.0f} with {PLANNED} functions")
    if planned > MOST["path nodes"] * 0.6:
        wrong.append(f"{planned:.0f} path nodes with {PLANNED} functions; at most {MOST['path nodes'] * 0.6:.0f}")
    if wrong:
        sys.exit("\n".join(wrong))


main()
