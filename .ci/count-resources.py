"""Counts the resources that the SAM translator makes of a template.

CloudFormation takes 500 in a stack; above 470 there is no room for the next service.
"""

import json
import sys
from unittest import mock

from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

MOST = 470


def main(file: str) -> None:
    with open(file, encoding="utf-8") as text:
        template = yaml_parse(text.read())
    # Local code stands where `sam deploy` puts an uploaded archive.
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "artefacts", "Key": "code.zip"}
    template["Globals"]["Function"].pop("CodeUri", None)
    loader = mock.Mock(spec=ManagedPolicyLoader)
    loader.load.return_value = {}
    with mock.patch("boto3.session.Session.region_name", "ap-south-1"):
        translated = transform(template, {"DatabaseHost": "db"}, loader)
    count = len(translated["Resources"])
    functions = sum(1 for one in translated["Resources"].values() if one["Type"] == "AWS::Lambda::Function")
    print(f"{count} resources for {functions} functions; at most {MOST}")
    if count > MOST:
        sys.exit("too many resources for one stack: see ARCHITECTURE.md, 'Limits'")
    json.dumps(translated, default=str)


main(sys.argv[1])
