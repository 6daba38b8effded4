"""Upload a register over and over, until standard input ends: `python bench/uploading.py ADDRESS FILE`."""

import hashlib
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import grpc
from national import STATE

from donotcontact.v1 import registry_service_pb2, registry_service_pb2_grpc

_PIECE_BYTES: Final = 1 << 20


def main() -> None:
    """Upload, take the snapshot away, and begin again; an import that has begun is finished."""
    told = threading.Event()
    threading.Thread(target=_tell_at_end, args=(told,), daemon=True).start()
    address, file = sys.argv[1], Path(sys.argv[2])
    content = file.read_bytes()
    header = registry_service_pb2.ImportHeader(
        registry=STATE, format="ftc", file_name="us-state.zip", list_date=datetime.now(UTC).date().isoformat()
    )
    end = registry_service_pb2.ImportEnd(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    with grpc.insecure_channel(address) as channel:
        registries = registry_service_pb2_grpc.RegistryServiceStub(channel)
        print("uploading", flush=True)
        while not told.is_set():
            pieces = [registry_service_pb2.ImportSnapshotRequest(header=header)]
            pieces += [
                registry_service_pb2.ImportSnapshotRequest(content=content[start : start + _PIECE_BYTES])
                for start in range(0, len(content), _PIECE_BYTES)
            ]
            pieces.append(registry_service_pb2.ImportSnapshotRequest(end=end))
            snapshot = registries.ImportSnapshot(iter(pieces)).snapshot.id
            registries.PruneSnapshot(registry_service_pb2.PruneSnapshotRequest(registry=STATE, snapshot=snapshot))


def _tell_at_end(told: threading.Event) -> None:
    sys.stdin.read()
    told.set()


if __name__ == "__main__":
    main()
