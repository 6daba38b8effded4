"""A sender in a process of its own: once told to, it claims sends by permission, and says which it may make."""

import sys

from attempts.dialer import say
from serving import Api, pb


def main() -> None:
    address, token, *permissions = sys.argv[1:]
    api = Api(address, token)
    # Connected before all start at once.
    api.call("ListPolicies")
    say("ready")
    sys.stdin.readline()
    for permission in permissions:
        answer = api.call("ClaimSend", pb.ClaimSendRequest(permission=permission))
        say(f"{permission} {answer.verdict} {answer.reservation}")
    api.close()


if __name__ == "__main__":
    main()
