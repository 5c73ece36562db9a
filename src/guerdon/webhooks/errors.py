"""Why this room refuses.

EndpointRefused      400  the address is none that may be called
WebhookNotFound      404  no such webhook
AttemptNotFound      404  no such attempt of this webhook
TooManyWebhooks      409  the tenant has as many webhooks as it may have
WebhookNotEnabled    409  the webhook is disabled or paused
TooManyStreams       429  as many event streams are open as may be
"""

from guerdon.platform.problems import Conflict, InvalidRequest, NotFound, Problem, TooManyRequests


class EndpointRefused(InvalidRequest):
    """The address is none that may be called."""

    code = "endpoint_refused"

    def __init__(self, reason: str) -> None:
        super().__init__({"endpoint": [reason]})


class WebhookNotFound(NotFound):
    """No such webhook."""

    code = "webhook_not_found"

    def __init__(self, webhook_id: str) -> None:
        super().__init__(f"There is no webhook {webhook_id!r}.")


class AttemptNotFound(NotFound):
    """No such attempt of this webhook."""

    code = "attempt_not_found"

    def __init__(self, attempt_id: str) -> None:
        super().__init__(f"There is no attempt {attempt_id!r} of this webhook, or it is too old.")


class TooManyWebhooks(Conflict):
    """The tenant has as many webhooks as it may have."""

    code = "too_many_webhooks"

    def __init__(self, webhooks_max: int) -> None:
        super().__init__(f"A tenant may have {webhooks_max} webhooks; delete one first.")


class WebhookNotEnabled(Conflict):
    """The webhook is disabled or paused."""

    code = "webhook_not_enabled"

    def __init__(self, state: str) -> None:
        super().__init__(f"The webhook is {state}; enable it first.")


class TooManyStreams(TooManyRequests):
    """As many event streams are open as may be."""

    code = "too_many_streams"

    def __init__(self, streams_max: int) -> None:
        Problem.__init__(
            self,
            f"{streams_max} event streams are open already; close one, or ask for pages of events.",
            headers={"Retry-After": "30"},
        )
