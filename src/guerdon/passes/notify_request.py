"""The body by which a holder is told something, alone or together with another change."""

from typing import Annotated

from pydantic import ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict

from guerdon.passes.updating import Notification
from guerdon.platform.problems import InvalidRequest
from guerdon.platform.wire import NO_NUL, Body, CorrelationId, LanguageCode, Text

TRANSLATIONS_MAX = 100
Translations = Annotated[
    dict[LanguageCode, Text],
    Field(max_length=TRANSLATIONS_MAX),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": TRANSLATIONS_MAX,
            "propertyNames": {"pattern": "^[a-z]{2}(-[A-Z]{2})?$"},
            "additionalProperties": {"type": "string", "pattern": NO_NUL},
        }
    ),
]
ONE_TEXT: JsonDict = {
    "anyOf": [
        {"required": ["content"], "properties": {"content": {"type": "string", "minLength": 1}}},
        {"required": ["localizedContent"], "properties": {"localizedContent": {"type": "object", "minProperties": 1}}},
    ]
}


class NotifyRequestOptions(Body):
    """How a notification is sent."""

    update_data: bool = False
    correlation_id: CorrelationId | None = None


class NotifyRequest(Body):
    """What the holder is told; one of the two texts is needed."""

    model_config = ConfigDict(json_schema_extra=ONE_TEXT)

    content: Text | None = None
    localized_content: Translations | None = None
    options: NotifyRequestOptions = NotifyRequestOptions()

    def check(self, place: str) -> None:
        """Refuse a message without any text; `place` is that of the message in its body. Raises InvalidRequest."""
        if not self.content and not self.localized_content:
            raise InvalidRequest({place: ["Give content, localizedContent, or both."]})

    def read(self, correlation_id: str | None = None) -> Notification:
        """Give what the holder is to be told; `correlation_id` stands in when the message has none of its own."""
        asked = self.options.correlation_id or correlation_id
        return Notification(self.content, self.localized_content, self.options.update_data, asked)
