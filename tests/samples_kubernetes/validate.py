"""Prints a line of JSON for each document of YAML files: what it is, and why it is refused.

Kinds of Kubernetes are checked against its schemas, which kubernetes-validate has with it; custom
resources, and configurations inside of strings, against the files in schemas/.
"""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

SCHEMAS = pathlib.Path(__file__).parent / "schemas"
# The first release in which the Downward API always has hugepages, and the newest that has schemas here.
KUBERNETES = ("1.27", "1.37")

# The configuration in a ConfigMap, by its name.
CONFIGURATIONS = {
    "sriovdp-config": "sriovdp-config",
    "afxdp-dp-config": "afxdp-dp-config",
    "nri-control-switches": "nri-control-switches",
}


def check(schema, value):
    text = (SCHEMAS / (schema + ".json")).read_text()
    jsonschema.Draft202012Validator(json.loads(text)).validate(value)


def check_inside(document):
    """The JSON that a document has as a string."""
    if document["kind"] == "NetworkAttachmentDefinition":
        config = json.loads(document["spec"]["config"])
        check("cni", config)
        check("cni-" + config["type"], config)
    elif document["kind"] == "SriovNetwork" and "ipam" in document["spec"]:
        check("ipam", json.loads(document["spec"]["ipam"]))
    elif document["kind"] == "ConfigMap":
        config = json.loads(document["data"]["config.json"])
        check(CONFIGURATIONS[document["metadata"]["name"]], config)


def problem(document):
    try:
        kind = document["kind"]
        if (SCHEMAS / (kind + ".json")).exists():
            check(kind, document)
        else:
            for release in KUBERNETES:
                kubernetes_validate.validate(document, release, strict=True)
        check_inside(document)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        return "%s: %s" % ("/".join(str(step) for step in error.path), error.message)
    except Exception as error:  # An unknown kind, a missing key, a string that is no JSON.
        return "%s: %s" % (type(error).__name__, error)
    return None


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        for document in yaml.safe_load_all(file):
            print(json.dumps({"file": path, "problem": problem(document), "document": document}))
