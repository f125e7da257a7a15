"""A collector for OTLP over gRPC: says its port, and when its input ends, what it was sent.

Run by the environment that the documented command is tested in: the others have no gRPC.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]  # lives in another environment
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_service

arrived: dict[str, list[str]] = {"spans": [], "metrics": []}


class Traces(trace_service.TraceServiceServicer):
    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        for group in request.resource_spans:
            for scope in group.scope_spans:
                arrived["spans"] += [span.name for span in scope.spans]
        return traces.ExportTraceServiceResponse()


class Metrics(metrics_service.MetricsServiceServicer):
    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        for group in request.resource_metrics:
            for scope in group.scope_metrics:
                arrived["metrics"] += [metric.name for metric in scope.metrics]
        return metrics.ExportMetricsServiceResponse()


server = grpc.server(ThreadPoolExecutor(2))
trace_service.add_TraceServiceServicer_to_server(Traces(), server)  # type: ignore[no-untyped-call]  # generated
metrics_service.add_MetricsServiceServicer_to_server(Metrics(), server)  # type: ignore[no-untyped-call]  # generated
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.read()
server.stop(grace=5).wait()
print(json.dumps(arrived))
