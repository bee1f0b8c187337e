"""Every kind of message that travels."""

from __future__ import annotations

from typing import Any

from twinpool.wire.content_forms import CONTENT_FORMS
from twinpool.wire.failover_forms import FAILOVER_FORMS
from twinpool.wire.form import Form, Message
from twinpool.wire.stream_forms import STREAM_FORMS
from twinpool.wire.verification_forms import VERIFICATION_FORMS

FORM_OF_KIND = {form.kind: form for form in (*STREAM_FORMS, *CONTENT_FORMS, *FAILOVER_FORMS, *VERIFICATION_FORMS)}
FORM_OF_MESSAGE: dict[type[Message], Form[Any]] = {form.message: form for form in FORM_OF_KIND.values()}
