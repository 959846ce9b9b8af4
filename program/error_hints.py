"""What to do about a resource that exists already, is gone already, or was never read back."""

from __future__ import annotations

from typing import Final

import pulumi

# What the aws and azuread providers, AWS and Graph say about something that is there already.
# azuread: tf.ImportAsDuplicateDiag and tf.ImportAsExistsDiag.
_SIGNS: Final = (
    *("already exists", "already attached"),
    *("needs to be imported", 'An existing "azuread_'),
)

# go-azure-sdk and Graph, of an object that is not there.
_GONE: Final = ("404 Not Found", "Request_ResourceNotFound")
# terraform-plugin-sdk, schema.Resource.Apply.
_NO_UPDATE: Final = "doesn't support update"
# Never another name: a resource that the program no longer declares goes by the hooks that its
# state names, and the engine fails on one that is not registered (deployment.go, RunErrorHooks).
_HOOK: Final = "way-out"


def is_there_already(errors: list[str]) -> bool:
    """Whether a creation failed since what it creates exists."""
    return any(sign in error for error in errors for sign in _SIGNS)


def was_not_read_back(errors: list[str]) -> bool:
    """Whether an update failed only since an earlier one made the resource and could not read it.

    The engine then asks for an update at each run, which the provider has not.
    """
    return any(_NO_UPDATE in error for error in errors)


def is_gone_already(errors: list[str]) -> bool:
    """Whether a deletion failed since what it deletes does not exist."""
    return any(sign in error for error in errors for sign in _GONE)


def hint(operation: str, name: str, errors: list[str]) -> str | None:
    """What to do about the failed `operation` (create, update, delete) of the resource `name`.

    None where the provider's own words must do.
    """
    if operation == "create" and is_there_already(errors):
        return (
            f"{name} is there already, but not in this stack's state: if an update was killed "
            "before or an answer got lost, python -m ops recover takes in what was made"
        )
    if operation == "update" and was_not_read_back(errors):
        return (
            f"{name} was made by an earlier update, which could not read it afterwards: "
            "python -m ops recover reads it again"
        )
    if operation == "delete" and is_gone_already(errors):
        return (
            f"{name} is gone already, but still in this stack's state: if an answer got lost, "
            "python -m ops recover lets the state forget it"
        )
    return None


def explain_failures() -> None:
    """Name `python -m ops recover` beside an error that it ends, once for each such operation.

    A killed update or a lost answer is how they come about: the engine could not write down what
    there is. Must be called before anything is registered; costs no call a resource.
    """
    explained: set[str] = set()

    def explain(args: pulumi.ErrorHookArgs) -> bool:
        sentence = hint(args.failed_operation, args.name, args.errors)
        if sentence and args.failed_operation not in explained:
            explained.add(args.failed_operation)
            pulumi.log.error(sentence)
        # No second try: it would fail as the first one did.
        return False

    hook = pulumi.ErrorHook(_HOOK, explain)
    binding = pulumi.ResourceHookBinding(on_error=[hook])

    def with_hook(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if not isinstance(args.resource, pulumi.CustomResource):
            return None
        hooks = pulumi.ResourceOptions(hooks=binding)
        return pulumi.ResourceTransformationResult(
            args.props, pulumi.ResourceOptions.merge(args.opts, hooks)
        )

    pulumi.runtime.register_stack_transformation(with_hook)
