"""The files of deploy/ keep to their schemas, and say what this program takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from services.gateway.distributed.nameko_config import nameko_config
from services.gateway.distributed.table import ALL, program
from shared.settings import BEGINS, Settings, load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CLUSTER = yaml.safe_load((DEPLOY / "compose.cluster.yaml").read_text())
MANIFESTS = [
    manifest
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text())
]
DEPLOYMENTS = [manifest for manifest in MANIFESTS if manifest["kind"] == "Deployment"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def tool(name: str, *arguments: str) -> None:
    """Run a checker to its end, and have it find nothing."""
    told = subprocess.run(
        [str(Path(sys.executable).with_name(name)), *arguments], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_every_file_is_tidy_yaml() -> None:
    tool("yamllint", "--strict", "-c", str(DEPLOY / "yamllint.yaml"), str(DEPLOY))


@pytest.mark.parametrize("name", ["compose.yaml", "compose.cluster.yaml"])
def test_compose_files_keep_to_the_schema_of_compose(name: str) -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(DEPLOY / name))


@pytest.mark.parametrize(
    "manifest", MANIFESTS, ids=lambda manifest: f"{manifest['kind']}-{manifest['metadata']['name']}"
)
def test_manifests_keep_to_the_schema_of_kubernetes(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, "1.31", strict=True)


def test_every_part_has_a_container_in_both() -> None:
    assert {name for name, service in COMPOSE["services"].items() if service.get("command", [""])[0] == "part"} == set(
        ALL
    )
    assert {deployment["metadata"]["name"] for deployment in DEPLOYMENTS} == set(ALL)


def test_every_container_runs_and_probes_the_part_that_it_is_named_after() -> None:
    for name in ALL:
        service = COMPOSE["services"][name]
        assert service["command"] == ["part", name]
        assert service["healthcheck"]["test"] == ["CMD", "forgetmenot", "probe", name]
        assert program(name).command[-1] == name
    for deployment in DEPLOYMENTS:
        name = deployment["metadata"]["name"]
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["args"] == ["part", name]
        for kind in "startupProbe", "readinessProbe", "livenessProbe":
            probe = container[kind]
            if name == "gateway":
                assert probe["httpGet"]["path"] in ("/health/live", "/health/ready")
            else:
                # What hangs is started again; what waits for the broker or the database is not.
                alive = ["--alive"] if kind == "livenessProbe" else []
                assert probe["exec"]["command"] == ["forgetmenot", "probe", *alive, name]


def test_every_deployment_that_has_more_than_one_pod_may_lose_only_one_at_a_time() -> None:
    guarded = {
        manifest["metadata"]["name"]: manifest["spec"]["selector"]["matchLabels"]
        for manifest in MANIFESTS
        if manifest["kind"] == "PodDisruptionBudget"
    }
    for deployment in DEPLOYMENTS:
        if deployment["spec"]["replicas"] > 1:
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            assert guarded[deployment["metadata"]["name"]].items() <= labels.items()


def test_every_variable_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = next(manifest for manifest in MANIFESTS if manifest["kind"] == "ConfigMap")
    given = {**COMPOSE["services"]["cases"]["environment"], **config["data"]}
    of_libraries = {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"}
    known = {name.upper() for name in Settings.model_fields}
    for name in given.keys() - of_libraries:
        assert name in known or name.removesuffix("_FILE") in known, name
    for name in given.keys() - of_libraries:
        if name.endswith("_FILE"):
            secret = tmp_path / name
            (scheme, *_) = BEGINS.get(name.removesuffix("_FILE").lower(), ("secret://",))
            secret.write_text(f"{scheme}secret-of-{name}//\n")
            monkeypatch.setenv(name, str(secret))
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    settings = load_settings()
    assert nameko_config(settings)["AMQP_URI"] == "amqp://secret-of-AMQP_URL_FILE//"
    assert settings.read_models_url and "READ_MODELS" in settings.read_models_url.get_secret_value()
    assert "secret" not in repr(settings)


def test_every_secret_that_a_container_reads_is_one_that_is_made() -> None:
    made = (DEPLOY / "make-secrets").read_text()
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"].removeprefix("./secrets/") in made, name
    assert all("eventstore.env" in made for service in COMPOSE["services"].values() if "env_file" in service)
    used = {secret for service in COMPOSE["services"].values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])


def test_nothing_is_reached_from_outside_but_the_gateway() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["gateway"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_no_container_may_do_more_than_it_must() -> None:
    for file in (COMPOSE, CLUSTER):
        for name, service in file["services"].items():
            if file is CLUSTER and name in COMPOSE["services"]:
                continue  # laid over what is held here
            assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
            assert name not in ALL or (service["read_only"] and "cap_add" not in service and service["mem_limit"]), name
            # The certificate authority's own key is in nobody's reach.
            mounted = [volume.split(":")[0] for volume in service.get("volumes", []) if "certificates" in volume]
            assert {Path(path).name for path in mounted} <= {"ca", "node"}, name
    for deployment in DEPLOYMENTS:
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]


def test_the_cluster_is_three_nodes_that_know_each_other() -> None:
    nodes = {name: service["environment"] for name, service in CLUSTER["services"].items()}
    assert len(nodes) == 3
    for name, environment in nodes.items():
        assert environment["KURRENTDB_CLUSTER_SIZE"] == "3"
        seeds = {seed.partition(":")[0] for seed in environment["KURRENTDB_GOSSIP_SEED"].split(",")}
        assert seeds == nodes.keys() - {name}


def test_the_image_is_built_in_two_stages_and_runs_as_nobody_special() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert len(stages) == 2 and all(re.search(r":[\w.-]+$", stage) and ":latest" not in stage for stage in stages)
    last = DOCKERFILE.rsplit("FROM ", 1)[1]
    assert re.search(r"^USER 10001:10001$", last, re.M)
    assert last.index("USER ") < last.index("ENTRYPOINT")
    assert "HEALTHCHECK" in last and "--require-hashes" in DOCKERFILE


def test_every_image_has_a_version() -> None:
    images = [service.get("image", "") for file in (COMPOSE, CLUSTER) for service in file["services"].values()]
    for image in filter(None, images):
        assert re.search(r":\d[\w.-]*$", image), image


def test_namekos_own_configuration_says_the_same_as_ours() -> None:
    theirs = yaml.safe_load((DEPLOY / "nameko.yaml").read_text())
    ours = nameko_config(Settings(amqp_url="amqp://somewhere//"))  # type: ignore[arg-type]
    for key in ours.keys() - {"AMQP_URI", "max_workers"}:
        assert theirs[key] == ours[key], key
