"""The values of the domain: what a permission set may be called, how an account id looks …

Each type knows its pattern, its length, a sentence for people and the source of the fact. Used by
the pydantic models of the files, by the JSON Schema made from them, and on its own through
`problem_with`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from federation.core.source import hidden_character

PARTITIONS: Final = ("aws", "aws-us-gov", "aws-cn")
_PARTITION_PATTERN: Final = r"aws(?:-[a-z]{1,5}){0,3}"


@dataclass(frozen=True, kw_only=True)
class Text:
    """Rules of one kind of text: `says` completes "… is not"; lengths are in characters.

    `means` makes the one spelling of a value that may be written in several.
    """

    says: str
    pattern: str | None = None
    shortest: int = 1
    longest: int = 256
    check: Callable[[str], str | None] | None = None
    means: Callable[[str], str] | None = None

    def problem_with(self, value: str) -> str | None:
        """A sentence about what is wrong with a value, None for a good one."""
        hidden = hidden_character(value)
        if hidden:
            return f"the text holds the hidden character {hidden}; remove it."
        if len(value) > self.longest:
            return (
                f"{quoted(value)} has {len(value)} characters; at most {self.longest} are allowed."
            )
        short = len(value) < self.shortest
        if short or (self.pattern is not None and not re.fullmatch(self.pattern, value, re.ASCII)):
            return f"{quoted(value)} is not {self.says}.{self._culprit(value)}"
        return self.check(value) if self.check else None

    def _culprit(self, value: str) -> str:
        """Which character is at fault, where the eye may not see it."""
        for char in value:
            if not char.isascii() and not re.fullmatch(self.pattern or "", char, re.ASCII):
                return f" It holds U+{ord(char):04X} ({unicodedata.name(char, 'unnamed')})."
        return ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        def validate(value: str) -> str:
            problem = self.problem_with(value)
            if problem:
                raise PydanticCustomError("domain", "{sentence}", {"sentence": problem})
            return self.means(value) if self.means else value

        return core_schema.no_info_after_validator_function(validate, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        made = handler(schema)
        made["minLength"], made["maxLength"] = self.shortest, self.longest
        if self.pattern is not None:
            made["pattern"] = f"^(?:{self.pattern})$"
        return made


def quoted(value: str) -> str:
    """The value in quotes, cut to what fits in a sentence."""
    value = value.replace("\n", "\\n")
    return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'


def _clean_name(value: str) -> str | None:
    if "\n" in value or "\t" in value:
        return f"{quoted(value)} holds a line break or tab; names are one line."
    if value.strip() != value:
        return f"{quoted(value)} starts or ends with a blank; remove it."
    return mixed_scripts(value)


def mixed_scripts(value: str) -> str | None:
    """A sentence if Latin letters are mixed with Cyrillic or Greek ones that look like them."""
    if value.isascii():
        return None
    for word in re.split(r"[\W_]+", value):
        scripts = {unicodedata.name(char, "?").split()[0]: char for char in word if char.isalpha()}
        foreign = [char for script, char in scripts.items() if script in {"CYRILLIC", "GREEK"}]
        if "LATIN" in scripts and foreign:
            char = foreign[0]
            return (
                f"{quoted(value)} mixes Latin letters with U+{ord(char):04X} "
                f"({unicodedata.name(char)}), which looks alike; write it in one script."
            )
    return None


def _display_name(value: str) -> str | None:
    # AWS SDK model, identitystore CreateGroup: these two names are reserved.
    if value in {"Administrator", "AWSAdministrators"}:
        return f'Identity Center reserves the group name "{value}"; choose another.'
    # Microsoft, "Configure AWS IAM Identity Center for automatic provisioning", troubleshooting.
    bad = next((char for char in value if char in "<>;:%"), None)
    if bad:
        return (
            f'{quoted(value)} holds "{bad}", which Identity Center refuses in provisioned values.'
        )
    return _clean_name(value)


def _ou_path(value: str) -> str | None:
    if value == "/":
        return None
    if not all(value.split("/")):
        return (
            f"{quoted(value)} is not an OU path: names from the root joined by single slashes, as "
            'Workloads/Dev, or "/" for the whole organization.'
        )
    return mixed_scripts(value)


# Keys become part of resource names: no slash, nothing that needs quoting in a shell.
KEY: Final = Text(
    says="a key: letters, digits and . _ @ + = , - (starting with a letter or digit)",
    pattern=r"[A-Za-z0-9][A-Za-z0-9._@+=,-]*",
    longest=64,
)
Key = Annotated[str, KEY]

# AWS Organizations API reference, Account: exactly 12 digits.
ACCOUNT_ID: Final = Text(
    says="an AWS account id: 12 digits, in quotes", pattern=r"[0-9]{12}", longest=64
)
AccountId = Annotated[str, ACCOUNT_ID]
# AWS Organizations API reference, Account name: 1 to 50 characters.
AccountName = Annotated[str, Text(says="an account name", longest=50, check=mixed_scripts)]
AccountNameGlob = Annotated[
    str,
    Text(says="a glob of account names: * ? [a-z] and text", longest=128, check=mixed_scripts),
]
# AWS Organizations API reference, OrganizationalUnit: names of 1 to 128 characters, five levels.
OU_PATH: Final = Text(says="an OU path", longest=5 * 129, check=_ou_path)
OuPath = Annotated[str, OU_PATH]
OuId = Annotated[
    str,
    Text(
        says="an OU id, as ou-abcd-11111111",
        pattern=r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}",
        longest=68,
    ),
]
# AWS SDK model sso-admin, TagKey and TagValue; account tags use the same characters.
_TAG_CHARACTERS = "letters, digits, blanks and _ . : / = + - @"


def _tag_text(value: str) -> str | None:
    for char in value:
        if not (unicodedata.category(char)[0] in "LZN" or char in "_.:/=+-@"):
            return f'{quoted(value)} holds "{char}"; tags are written with {_TAG_CHARACTERS}.'
    return mixed_scripts(value)


def _own_tag_key(value: str) -> str | None:
    if value.casefold().startswith("aws:"):
        return f'{quoted(value)} starts with "aws:", which AWS keeps for itself.'
    return _tag_text(value)


TagKey = Annotated[str, Text(says="a tag key", longest=128, check=_tag_text)]
OwnTagKey = Annotated[str, Text(says="a tag key", longest=128, check=_own_tag_key)]
TagValue = Annotated[str, Text(says="a tag value", shortest=0, longest=256, check=_tag_text)]

# Microsoft Graph, group resource: displayName has at most 256 characters.
DisplayName = Annotated[str, Text(says="a group name", longest=256, check=_display_name)]
# Microsoft Graph, user resource: userPrincipalName is local part (64) @ verified domain (48).
UserPrincipalName = Annotated[
    str,
    Text(
        says="a user principal name, as ada@example.com",
        pattern=r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?",
        longest=113,
    ),
]


def one_spelling(value: str) -> str:
    """The one spelling of an Entra object id.

    Entra and Identity Center compare object ids without regard to case, and answer them in either:
    each is spelled anew where it enters (a file, a setting, an answer, the checkpoint), so that the
    rest compares them as they are.
    """
    return value.lower()


OBJECT_ID: Final = Text(
    says="an Entra object id, as 00000000-0000-0000-0000-000000000000",
    pattern=r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    longest=64,
    means=one_spelling,
)
ObjectId = Annotated[str, OBJECT_ID]
Owner = Annotated[
    str, Text(says="an owner: a team or an e-mail address", longest=256, check=_clean_name)
]

# AWS SDK model sso-admin: PermissionSetName, PermissionSetDescription, RelayState.
PERMISSION_SET_NAME: Final = Text(
    says="a permission-set name: letters, digits and _ + = , . @ -, no blanks",
    pattern=r"[A-Za-z0-9_+=,.@-]+",
    longest=32,
)
PermissionSetName = Annotated[str, PERMISSION_SET_NAME]
Description = Annotated[
    str,
    Text(
        says="a description that AWS accepts: Latin-1 only, no long dashes or curly quotes",
        pattern=r"[\t\n\r\x20-\x7E\xA1-\xFF]*",
        longest=700,
    ),
]
RelayState = Annotated[
    str,
    Text(
        says="a relay state: a URL in ASCII",
        pattern=r"""[a-zA-Z0-9&$@#\\/%?=~\-_'"|!:,.;*+\[\] (){}]+""",
        longest=240,
    ),
]

_DURATION: Final = re.compile(r"PT(?=\d)(?:(\d{1,3})H)?(?:(\d{1,3})M)?(?:(\d{1,5})S)?", re.ASCII)


def duration_seconds(value: str) -> int | None:
    """Seconds of an ISO 8601 time as PT1H30M, None for any other text."""
    match = _DURATION.fullmatch(value)
    if not match:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _session_duration(value: str) -> str | None:
    seconds = duration_seconds(value)
    if seconds is None:
        return f"{quoted(value)} is not a duration: write hours and minutes as PT8H or PT1H30M."
    # IAM Identity Center user guide, "Set session duration": 1 to 12 hours.
    if not 3600 <= seconds <= 12 * 3600:
        return f"a session of {quoted(value)} is not possible; AWS allows PT1H to PT12H."
    return None


SessionDuration = Annotated[
    str, Text(says="a duration, as PT8H", longest=100, check=_session_duration)
]

# AWS SDK model sso-admin: ManagedPolicyArn, ManagedPolicyName, ManagedPolicyPath.
_POLICY_NAME: Final = r"[A-Za-z0-9.,+@=_-]+"
_MANAGED_ARN: Final = re.compile(
    rf"arn:({_PARTITION_PATTERN}):iam::aws:policy/((?:{_POLICY_NAME}/)*{_POLICY_NAME})", re.ASCII
)
_MANAGED_SHORT: Final = re.compile(rf"(?:{_POLICY_NAME}/)*{_POLICY_NAME}", re.ASCII)
# AWS managed policy reference: job functions that are kept below a path.
_JOB_FUNCTIONS: Final = frozenset(
    {
        "Billing",
        "DatabaseAdministrator",
        "DataScientist",
        "NetworkAdministrator",
        "SupportUser",
        "SystemAdministrator",
        "ViewOnlyAccess",
    }
)


def managed_policy_path(value: str) -> str:
    """`path/name` of an AWS-managed policy written as name, path/name or ARN."""
    match = _MANAGED_ARN.fullmatch(value)
    return match[2] if match else value


def managed_policy_partition(value: str) -> str | None:
    """The partition that an ARN names, None for a name."""
    match = _MANAGED_ARN.fullmatch(value)
    return match[1] if match else None


def _managed_policy(value: str) -> str | None:
    if value.startswith("arn:"):
        if re.fullmatch(rf"arn:{_PARTITION_PATTERN}:iam::[0-9]{{12}}:policy/.+", value, re.ASCII):
            return (
                f"{quoted(value)} is a policy of one account; "
                "name it under customerManagedPolicies, which looks in every target account."
            )
        if not _MANAGED_ARN.fullmatch(value):
            return f"{quoted(value)} is not the ARN of an AWS-managed policy."
        return None
    if not _MANAGED_SHORT.fullmatch(value):
        return f"{quoted(value)} is not an AWS-managed policy: write its name, path/name or ARN."
    if value in _JOB_FUNCTIONS:
        return f'AWS keeps {value} below a path: write "job-function/{value}".'
    return None


ManagedPolicy = Annotated[
    str, Text(says="an AWS-managed policy", longest=600, check=_managed_policy)
]
CustomerPolicyName = Annotated[
    str,
    Text(
        says="a policy name: letters, digits and _ + = , . @ -",
        pattern=r"[A-Za-z0-9_+=,.@-]+",
        longest=128,
    ),
]
CustomerPolicyPath = Annotated[
    str,
    Text(
        says='a policy path: "/" or names between slashes, as /platform/',
        pattern=r"(?:/[A-Za-z0-9.,+@=_-]+)*/",
        longest=512,
    ),
]
