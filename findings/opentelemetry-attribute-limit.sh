#!/usr/bin/env bash
# Title: OpenTelemetry's Python SDK drops the first attributes of a span, not those above the limit
# Field: tracing
# Packages: opentelemetry-sdk==1.45.2
# Expected: Where an attribute would exceed the limit of 128, the specification says that this one is discarded; those before it stay.
# Seen: 2026-11-30. Of 130 votes set as attributes the first two are gone, and the id of the ballot that was set before them; the events of the span lose their first too.
# For our users: A trace of a large panel loses what names the ballot first. Set that last, or raise the limit (SpanLimits, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT) to the size of the panel.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check opentelemetry-sdk==1.45.2
cat > seen.txt <<'END'
attributes 128 dropped 3
ballot.id kept: False
first vote kept: vote.2 last vote kept: vote.129
events 128 dropped 2 first kept: vote 2
END
cat > program.py <<'END'
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
with provider.get_tracer("panel").start_as_current_span("ballot") as span:
    span.set_attribute("ballot.id", "q1")
    for number in range(130):
        span.set_attribute(f"vote.{number}", "yes")
        span.add_event(f"vote {number}")
(span,) = exporter.get_finished_spans()
names = list(span.attributes)
print("attributes", len(names), "dropped", span.dropped_attributes)
print("ballot.id kept:", "ballot.id" in names)
print("first vote kept:", names[0], "last vote kept:", names[-1])
print("events", len(span.events), "dropped", span.dropped_events, "first kept:", span.events[0].name)
END
venv/bin/python -W ignore program.py > now.txt 2> warnings.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
