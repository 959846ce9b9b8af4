"""What to do when a resource exists already: the providers only say that it does."""

from __future__ import annotations

from typing import Final

import pulumi

# What the aws and azuread providers, AWS and Graph say about something that is there already.
# azuread: tf.ImportAsDuplicateDiag and tf.ImportAsExistsDiag.
_SIGNS: Final = (
    *("already exists", "already attached"),
    *("needs to be imported", 'An existing "azuread_'),
)


def is_there_already(errors: list[str]) -> bool:
    """Whether a creation failed since what it creates exists."""
    return any(sign in error for error in errors for sign in _SIGNS)


def name_the_way_out() -> None:
    """Name `python -m ops recover` beside an error about something that exists already.

    A killed update is how that comes about: the engine could not write down what it had made. Must
    be called before anything is registered; costs no call a resource.
    """
    told: list[str] = []

    def explain(args: pulumi.ErrorHookArgs) -> bool:
        if args.failed_operation == "create" and is_there_already(args.errors) and not told:
            told.append(args.name)
            pulumi.log.error(
                f"{args.name} is there already, but not in this stack's state: if an update was "
                "killed before or an answer got lost, python -m ops recover takes in what was made"
            )
        # No second try: it would fail as the first one did.
        return False

    hook = pulumi.ErrorHook("way-out", explain)
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
