"""Health (grpc.health.v1) and reflection, for every service and for the server as a whole. They need no token."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from grpc_health.v1.health import OVERALL_HEALTH, SERVICE_NAME, HealthServicer
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_reflection.v1alpha.reflection import SERVICE_NAME as REFLECTION_NAME
from grpc_reflection.v1alpha.reflection import ReflectionServicer
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

HEALTH_NAME: Final[str] = SERVICE_NAME


class Health:
    """Says SERVING for each service until told otherwise."""

    def __init__(self, services: Sequence[str], pool: ThreadPoolExecutor) -> None:
        # Non-blocking: a watcher of health costs no thread.
        self._servicer = HealthServicer(experimental_non_blocking=True, experimental_thread_pool=pool)
        for service in (*services, HEALTH_NAME, OVERALL_HEALTH):
            self._servicer.set(service, HealthCheckResponse.SERVING)

    def stop_serving(self) -> None:
        """Say NOT_SERVING for everything, for good, so that load balancers turn away."""
        self._servicer.enter_graceful_shutdown()

    def methods(self) -> dict[str, Any]:
        """Give gRPC's handlers by method path."""
        codecs: dict[str, Any] = {
            "request_deserializer": HealthCheckRequest.FromString,
            "response_serializer": HealthCheckResponse.SerializeToString,
        }
        return {
            f"/{HEALTH_NAME}/Check": grpc.unary_unary_rpc_method_handler(self._servicer.Check, **codecs),
            f"/{HEALTH_NAME}/Watch": grpc.unary_stream_rpc_method_handler(self._servicer.Watch, **codecs),
        }


def reflection_methods(services: Sequence[str]) -> dict[str, Any]:
    """Give gRPC's handler of reflection by method path, for tools such as grpcurl."""
    servicer = ReflectionServicer((*services, HEALTH_NAME, REFLECTION_NAME))
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=ServerReflectionRequest.FromString,
        response_serializer=ServerReflectionResponse.SerializeToString,
    )
    return {f"/{REFLECTION_NAME}/ServerReflectionInfo": handler}
