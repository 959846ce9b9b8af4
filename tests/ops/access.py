"""One access file of a small company."""

ACCESS = """\
groups:
  team: {displayName: AWS-Team}
users:
  ada: {userPrincipalName: ada@example.com}
permissionSets:
  ReadOnly: {managedPolicies: [ReadOnlyAccess]}
rules:
  - id: team-dev
    group: team
    permissionSets: [ReadOnly]
    targets: [{ou: Workloads/Dev}, {tag: {env: dev}}]
    except: [{accountName: web-dev}]
  - user: ada
    permissionSets: [ReadOnly]
    targets: [{ou: Suspended, optional: true}, {accountName: web-dev}]
"""
