"""The parser of request bodies."""

import codecs
import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from servicebilling.lib import strict_json


class BoundedJSONParser(JSONParser):
    """Strict JSON of bounded depth: a body of a million brackets is its sender's error, which
    the framework's parser would let pass for a defect of ours. Size is bounded by Django."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        encoding = str((parser_context or {}).get("encoding") or "utf-8")
        try:
            return json.load(
                codecs.getreader(encoding)(stream),
                parse_constant=strict_json.refuse_constant,
                object_pairs_hook=strict_json.without_duplicates,
            )
        except LookupError as error:
            raise ParseError("JSON parse error - the encoding is not known.") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply.") from error
