"""What the packages say: asserted here where MiniStack does not look (leading keys, recovery, TTL, retention)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.command.people import ROLES
from chalicelib.passage.hour import GRACE
from chalicelib.web import scripts
from scripts.stacks import packaging
from scripts.stacks.packaging import ROOT, Package, host_architecture, package

STACKS = ("public", "command")
OPEN_PATHS = {"/", "/C/{code}", "/c/{code}", "/static/{name}", "/worker.js", "/receipt-keys", "/{proxy+}"}
"""What anyone may reach on the public stack; every other route there needs an authoriser."""

OPEN_AT_THE_DESK = {"/sign-in", "/static/{name}"}
"""What anyone may reach on the command stack: the way in, and how it looks."""


@pytest.fixture(scope="module")
def packages() -> dict[str, Package]:
    return {stack: package(stack, host_architecture()) for stack in ("data", *STACKS)}


def resources(made: Package, kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in made.template["Resources"].items()
        if resource["Type"] == kind
    }


def statements(made: Package, role: str) -> dict[str, dict[str, Any]]:
    policies = resources(made, "AWS::IAM::Role")[role].get("Policies", [])
    return {statement["Sid"]: statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]}


def actions(made: Package, role: str) -> set[str]:
    return {
        action
        for statement in statements(made, role).values()
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def test_a_file_that_is_not_there_yet_is_not_found_rather_than_denied(packages: dict[str, Package]) -> None:
    """S3 answers 404 to GetObject only where ListBucket is allowed, and with no prefix to compare; else 403, and the
    first run of an operation would never get past its missing latest.json. (MiniStack always answers 404.)"""
    listing = [
        statement
        for statement in statements(packages["command"], "SummariseScheduleRole").values()
        if statement["Action"] == "s3:ListBucket"
    ]
    assert listing
    assert all("Condition" not in statement for statement in listing)


def test_the_public_role_may_do_this_and_nothing_else(packages: dict[str, Package]) -> None:
    assert actions(packages["public"], "ApiHandlerRole") == {
        "dynamodb:PutItem", "dynamodb:ConditionCheckItem", "kms:GenerateDataKey", "s3:GetObject",
        "secretsmanager:GetSecretValue", "logs:CreateLogStream", "logs:PutLogEvents",
    }  # fmt: skip
    writes = statements(packages["public"], "ApiHandlerRole")["WriteGuardPassageAndScanInTransactionsAlone"]
    assert writes["Condition"] == {
        "ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]},
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["CP#*", "SUB#*", "SCAN#*", "COR#*"]},
    }
    # A failed check hands back what it looked at: so it may look at guards, and at no passage.
    checks = statements(packages["public"], "ApiHandlerRole")["AskForGuardsInTransactionsAlone"]
    assert checks["Condition"] == {
        "ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]},
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["SUB#*"]},
    }


def test_the_schedules_role_may_do_this_and_nothing_else(packages: dict[str, Package]) -> None:
    assert actions(packages["command"], "SummariseScheduleRole") == {
        "dynamodb:Query", "s3:GetObject", "s3:PutObject", "s3:ListBucket", "logs:CreateLogStream", "logs:PutLogEvents",
    }  # fmt: skip
    reads = statements(packages["command"], "SummariseScheduleRole")["CountKeysAndFactsAndNothingElse"]
    assert reads["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "facts", "expires_at"]},
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["CP#*", "SCAN#*", "COR#*"]},
        "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }


@pytest.mark.parametrize("stack", STACKS)
def test_no_role_names_everything(packages: dict[str, Package], stack: str) -> None:
    for role in resources(packages[stack], "AWS::IAM::Role"):
        for statement in statements(packages[stack], role).values():
            assert statement["Effect"] == "Allow"
            assert "*" not in json.dumps(statement["Action"])
            assert statement["Resource"] not in ("*", ["*"])


@pytest.mark.parametrize("stack", ["data", *STACKS])
def test_it_runs_in_every_partition(packages: dict[str, Package], stack: str) -> None:
    assert "arn:aws:" not in json.dumps(packages[stack].template)


@pytest.mark.parametrize(("stack", "open_paths"), [("public", OPEN_PATHS), ("command", OPEN_AT_THE_DESK)])
def test_every_route_has_an_authoriser_but_the_listed_ones(
    packages: dict[str, Package], stack: str, open_paths: set[str]
) -> None:
    (api,) = resources(packages[stack], "AWS::Serverless::Api").values()
    body = api["DefinitionBody"]
    for path, methods in body["paths"].items():
        for method, told in methods.items():
            assert path in open_paths or told.get("security"), f"{method} {path} is open to all"
            for scheme in told.get("security", []):
                assert set(scheme) <= set(body["securityDefinitions"])
    assert open_paths <= set(body["paths"]), "the list names what is there"


def test_the_desks_authoriser_is_asked_at_every_request(packages: dict[str, Package]) -> None:
    (api,) = resources(packages["command"], "AWS::Serverless::Api").values()
    told = api["DefinitionBody"]["securityDefinitions"]["authorise"]
    assert (told["name"], told["in"]) == ("Cookie", "header")
    assert told["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] == 0


def test_what_the_gateway_itself_refuses_is_logged_by_listed_fields_alone(packages: dict[str, Package]) -> None:
    """A request without a cookie, or a signature that IAM denies, reaches no function of ours. (MiniStack keeps no such
    log.) Which people of ours asked for what is the journal's to say; no query, header or body is anybody's."""
    (api,) = resources(packages["command"], "AWS::Serverless::Api").values()
    told = api["AccessLogSetting"]
    assert json.loads(told["Format"]) == {
        "time": "$context.requestTime",
        "request": "$context.extendedRequestId",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "refused": "$context.error.responseType",
        "machine": "$context.identity.userArn",
        "source": "$context.identity.sourceIp",
    }
    assert told["DestinationArn"]["Fn::Sub"].endswith(":log-group:${GatewayLog}")
    assert resources(packages["command"], "AWS::Logs::LogGroup")["GatewayLog"]["RetentionInDays"] == 30
    (public,) = resources(packages["public"], "AWS::Serverless::Api").values()
    assert "AccessLogSetting" not in public, "no traveller's address is kept"


def test_the_role_with_which_the_gateway_logs_is_made_where_there_is_none(packages: dict[str, Package]) -> None:
    """One for an account and region: another stack's is not replaced, and ours outlives us, for others log with it."""
    made = packages["command"].template
    assert made["Parameters"]["GatewayLogRole"]["Default"] == "STANDS"
    role, account = made["Resources"]["LogsOfTheGateway"], made["Resources"]["GatewayAccount"]
    assert role["Condition"] == account["Condition"] == "MakesGatewayLogRole"
    assert role["DeletionPolicy"] == role["UpdateReplacePolicy"] == "Retain"
    (who,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert who["Principal"] == {"Service": "apigateway.amazonaws.com"}
    (policy,) = role["Properties"]["ManagedPolicyArns"]
    assert policy["Fn::Sub"].endswith(":policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
    assert account["Properties"]["CloudWatchRoleArn"] == {"Fn::GetAtt": ["LogsOfTheGateway", "Arn"]}
    assert made["Resources"]["RestAPI"]["DependsOn"] == ["GatewayAccount"], "a stage that logs wants it there"


def test_the_desks_roles_may_do_this_and_nothing_else(packages: dict[str, Package]) -> None:
    assert actions(packages["command"], "AuthoriseRole") == {
        "dynamodb:GetItem", "dynamodb:UpdateItem", "cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser",
        "logs:CreateLogStream", "logs:PutLogEvents",
    }  # fmt: skip
    desk = statements(packages["command"], "ApiHandlerRole")
    assert set(desk["AddToTheJournalAndReadIt"]["Action"]) == {"dynamodb:PutItem", "dynamodb:Query"}
    assert desk["AddToTheJournalAndReadIt"]["Resource"] == {"Fn::ImportValue": {"Fn::Sub": "${Deployment}-JournalArn"}}
    tables = [each["Resource"] for each in desk.values() if "dynamodb" in str(each["Action"])]
    assert not [each for each in tables if "TableArn" in str(each)], "the desk reads no passage"
    assert set(desk["HaveSignInsJudged"]["Action"]) == {
        "cognito-idp:AdminInitiateAuth", "cognito-idp:AdminRespondToAuthChallenge",
    }  # fmt: skip


def test_operators_are_made_by_operators_alone_and_sign_in_through_us_alone(packages: dict[str, Package]) -> None:
    (pool,) = resources(packages["data"], "AWS::Cognito::UserPool").values()
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["DeletionProtection"] == "ACTIVE"
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    (client,) = resources(packages["data"], "AWS::Cognito::UserPoolClient").values()
    assert client["ExplicitAuthFlows"] == ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    groups = {each["GroupName"] for each in resources(packages["data"], "AWS::Cognito::UserPoolGroup").values()}
    assert groups == set(ROLES)


def test_typing_codes_by_hand_is_throttled_for_all_together(packages: dict[str, Package]) -> None:
    """40 bits at ten tries a second: guessing one poster's code takes 1,700 years on average."""
    (api,) = resources(packages["public"], "AWS::Serverless::Api").values()
    assert api["MethodSettings"] == [
        {"HttpMethod": "GET", "ResourcePath": "/", "ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 40}
    ]
    assert 2**39 / 10 / 86400 / 365 > 1_700


@pytest.mark.parametrize("stack", STACKS)
def test_functions_fit_the_gateway_and_keep_their_logs_for_a_stated_time(
    packages: dict[str, Package], stack: str
) -> None:
    functions = resources(packages[stack], "AWS::Serverless::Function")
    logs = resources(packages[stack], "AWS::Logs::LogGroup")
    named = [group["LogGroupName"]["Fn::Sub"].rpartition("/") for group in logs.values()]
    assert {name for folder, _, name in named if folder == "/aws/lambda"} == {f"${{{name}}}" for name in functions}
    assert all(group["RetentionInDays"] for group in logs.values())
    for function in functions.values():
        behind_the_gateway = function["Handler"] == "app.app"
        assert not behind_the_gateway or function["Timeout"] <= 28
        assert all(isinstance(value, (str, dict)) for value in function["Environment"]["Variables"].values())


def test_the_schedule_wakes_often_enough_for_an_hour_to_be_final_within_five_minutes(
    packages: dict[str, Package],
) -> None:
    schedule = resources(packages["command"], "AWS::Serverless::Function")["SummariseSchedule"]
    assert [event["Properties"]["Schedule"] for event in schedule["Events"].values()] == ["rate(2 minutes)"]
    assert timedelta(minutes=2) + GRACE <= timedelta(minutes=4), "a minute is left for the run itself"


def test_the_data_outlive_their_stack_and_every_mistake_that_can_be_undone(packages: dict[str, Package]) -> None:
    for name, resource in packages["data"].template["Resources"].items():
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", name
    tables = resources(packages["data"], "AWS::DynamoDB::Table")
    assert set(tables) == {"Table", "Journal"}
    for table in tables.values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["DeletionProtectionEnabled"] is True
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert "TimeToLiveSpecification" not in tables["Journal"]
    table = tables["Table"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["SSESpecification"]["SSEType"] == "KMS"
    buckets = resources(packages["data"], "AWS::S3::Bucket")
    assert len(buckets) == 2
    for bucket in buckets.values():
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_table_key_and_the_sealing_key_are_apart(packages: dict[str, Package]) -> None:
    table = resources(packages["data"], "AWS::DynamoDB::Table")["Table"]
    assert table["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": ["TableKey", "Arn"]}
    assert packages["data"].template["Outputs"]["SealingKeyArn"]["Value"] == {"Fn::GetAtt": ["SealingKey", "Arn"]}


@pytest.fixture(scope="module", params=STACKS)
def unpacked(request: pytest.FixtureRequest, packages: dict[str, Package], tmp_path_factory: Any) -> tuple[str, Path]:
    made = packages[request.param]
    assert made.code is not None
    folder: Path = tmp_path_factory.mktemp(request.param)
    with zipfile.ZipFile(made.code) as archive:
        archive.extractall(folder)
    return request.param, folder


def test_a_package_holds_all_it_imports(unpacked: tuple[str, Path], tmp_path: Path) -> None:
    """Imported with nothing but itself, the standard library and the boto3 that Lambda brings: MiniStack would lend it
    packages of its own."""
    stack, folder = unpacked
    import botocore

    site = Path(botocore.__file__).parents[1]
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"):
        (tmp_path / name).symlink_to(site / name)
    modules = sorted(_modules(folder, stack))
    asked = f"import sys; sys.path[:0] = {[str(folder), str(tmp_path)]!r}\nimport app, {', '.join(modules)}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", asked],
        env={"KAKOU_STACK": stack, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _modules(folder: Path, stack: str) -> Iterator[str]:
    """The modules that the stack's functions import, at once or on first use."""
    rooms = {
        "public": ["web", "passage", "checkpoint", "settings"],
        "command": ["summary", "settings", "command", "web/desk"],
    }[stack]
    off = {"chalicelib.checkpoint.poster", "chalicelib.web.catalogues"}  # the poster's and the build's, on no function
    for room in rooms:
        for path in (folder / "chalicelib" / room).rglob("*.py"):
            name = ".".join(path.relative_to(folder).with_suffix("").parts)
            if name not in off:
                yield name.removesuffix(".__init__")
    if stack == "public":
        yield from ("aws_encryption_sdk", "aws_encryption_sdk.key_providers.kms")


def test_a_package_carries_byte_code_for_its_python_and_nothing_idle(unpacked: tuple[str, Path]) -> None:
    stack, folder = unpacked
    tag = sys.implementation.cache_tag
    for source in ("app", "chalice/app", "chalicelib/wiring"):
        path = Path(source)
        compiled = folder / path.parent / "__pycache__" / f"{path.name}.{tag}.pyc"
        assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", "unchecked hashes: Lambda's file system has no true times"
    templates = folder / "chalicelib" / "web" / "templates"
    assert {path.name for path in (templates / "compiled").glob("*")} == {
        f"{path.name}.code" for path in templates.glob("*.html")
    }
    made = folder / scripts.MADE.relative_to(ROOT)
    assert {f"static/{path.name}": path.read_bytes() for path in made.iterdir()} == scripts.make()
    drawing = {"PIL", "qrcode", "reportlab", "fontTools", "manimgx_fonts_cjk"}
    assert all((folder / each).exists() == (stack == "command") for each in drawing), "only the desk draws posters"
    for idle in ("boto3", "botocore", "zxingcpp", "pypdfium2", "tests", "scripts", "bin"):
        assert not (folder / idle).exists(), idle


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A copy of what the public stack ships, as it is before anything is made of it."""
    for path, name in packaging.sources("public"):
        target = tmp_path / "staged" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return tmp_path / "staged"


def test_what_is_made_beforehand_is_made_of_what_is_shipped(staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not of what this process has read: it may be older than the sources, whose digest the package bears."""
    folder = staged / scripts.MADE.relative_to(ROOT)
    fresh = scripts.make()
    plain = staged / "chalicelib" / "web" / "templates" / "plain.html"
    plain.write_text("newer words", "utf-8")
    monkeypatch.setattr(scripts, "_form", lambda language: b"stale")
    packaging._make_pages(staged)
    assert {f"static/{path.name}": path.read_bytes() for path in folder.iterdir()} == fresh
    assert b"newer words" in (plain.parent / "compiled" / "plain.html.code").read_bytes()
    assert not list(staged.rglob("*.pyc")), "byte code is another step's"


def test_what_a_checkout_has_made_is_no_source(staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = (scripts.MADE / "form-zh.0123456789ab.js").relative_to(ROOT)
    (staged / name).parent.mkdir()
    (staged / name).write_bytes(b"older")
    before = {name for _, name in packaging.sources("public")}
    monkeypatch.setattr(packaging, "ROOT", staged)
    assert {name for _, name in packaging.sources("public")} == before
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert f"{name.parent.as_posix()}/" in ignored


def test_the_public_package_stays_small(packages: dict[str, Package]) -> None:
    code = packages["public"].code
    assert code is not None
    assert code.stat().st_size < 12_000_000


def test_the_command_package_fits_lambda(packages: dict[str, Package]) -> None:
    code = packages["command"].code
    assert code is not None
    assert code.stat().st_size < 60_000_000
    with zipfile.ZipFile(code) as archive:
        assert sum(each.file_size for each in archive.infolist()) < 150_000_000, "Lambda takes 250"


def test_nothing_of_this_machine_is_in_the_templates(packages: dict[str, Package]) -> None:
    for made in packages.values():
        assert str(ROOT) not in json.dumps(made.template)
