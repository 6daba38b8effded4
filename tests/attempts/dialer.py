"""A dialer in a process of its own: once told to, it claims attempts one after the other, and says which it got."""

import sys

from attempts.reserving import names, reserve
from serving import Api


def main() -> None:
    address, token, policy, calls, *numbers = sys.argv[1:]
    api = Api(address, token)
    # Connected before all start at once.
    api.call("ListPolicies")
    say("ready")
    sys.stdin.readline()
    for _ in range(int(calls)):
        for number in numbers:
            answer = reserve(api, number, policy=policy)
            [attempt], [name] = answer.attempts, names(answer)
            say(f"{number} {attempt.result.verdict} {name}")
    api.close()


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
