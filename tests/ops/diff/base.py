"""The access file that every kind of change starts from."""

from __future__ import annotations

from typing import Any

OWNER = "platform@example.com"
BASE: dict[str, Any] = {
    "groups": {
        "platform": {"displayName": "AWS-Platform"},
        "developers": {"displayName": "AWS-Developers"},
        "data": {"displayName": "AWS-Data"},
        "contractors": {"displayName": "AWS-Contractors"},
        "break-glass": {"displayName": "AWS-Break-Glass"},
        "migration": {
            "displayName": "AWS-Migration",
            "create": True,
            "owners": ["ada@example.com"],
            "members": ["wendy@example.com"],
        },
    },
    "users": {"mallory": {"userPrincipalName": "mallory@example.com"}},
    "permissionSets": {
        "Administrator": {"managedPolicies": ["AdministratorAccess"]},
        "ReadOnly": {"sessionDuration": "PT8H", "managedPolicies": ["ReadOnlyAccess"]},
        "Deploy": {
            "description": "Roll out workloads",
            "customerManagedPolicies": [{"name": "deploy", "path": "/platform/"}],
            "inlinePolicy": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "RollOut",
                        "Effect": "Allow",
                        "Action": ["cloudformation:*", "ecr:GetAuthorizationToken"],
                        "Resource": "*",
                    },
                    {
                        "Sid": "KeepTheTrail",
                        "Effect": "Deny",
                        "Action": "cloudtrail:StopLogging",
                        "Resource": "*",
                    },
                ],
            },
            "permissionsBoundary": {"customerManagedPolicy": {"name": "boundary"}},
            "relayState": "https://eu-west-1.console.aws.amazon.com/cloudformation",
            "tags": {"owner": "platform"},
        },
    },
    "rules": [
        {
            "id": "platform-look",
            "owner": OWNER,
            "group": "platform",
            "permissionSets": ["ReadOnly"],
            "targets": [{"ou": "Workloads"}, {"accountName": "network-prod"}],
        },
        {
            "id": "developers-deploy",
            "owner": OWNER,
            "group": "developers",
            "permissionSets": ["Deploy"],
            "targets": [{"tag": {"env": "dev"}}],
        },
        {
            "id": "data-on-billing",
            "owner": OWNER,
            "group": "data",
            "permissionSets": ["ReadOnly"],
            "targets": [{"accountName": "billing-prod"}],
        },
        {
            "id": "contractors-look",
            "owner": OWNER,
            "group": "contractors",
            "permissionSets": ["ReadOnly"],
            "targets": [{"ou": "Workloads/Dev"}],
            "until": "2027-11-01",
        },
        {
            "id": "break-glass",
            "owner": OWNER,
            "group": "break-glass",
            "permissionSets": ["Administrator"],
            "targets": [{"ou": "Workloads/Prod"}],
            "protected": "acknowledged",
        },
        {
            "id": "migration",
            "owner": OWNER,
            "group": "migration",
            "permissionSets": ["Deploy"],
            "targets": [{"account": "811111111111"}],
        },
    ],
    "guards": {
        "breakGlass": ["break-glass"],
        "protectedAccounts": [{"ou": "Workloads/Prod"}],
        "adminPermissionSets": ["Administrator"],
        "never": [{"accountName": "log-archive"}],
        "maxRemovals": 20,
        "separationOfDuties": [["Deploy", "Administrator"]],
        "requireOwner": "error",
    },
}
