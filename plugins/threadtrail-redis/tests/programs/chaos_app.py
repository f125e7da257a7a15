"""One process of an app in which every run is seen by several: it creates runs, polls them, or looks at them.

python chaos_app.py create 500     prints the id of each background response that it creates
python chaos_app.py poll           polls each response whose id it reads, to its end, and prints the id
python chaos_app.py look           looks at each response whose id it reads, as a webhook's handler does
"""

from __future__ import annotations

import sys

from openai import DefaultHttpxClient, OpenAI

import threadtrail


def say(run_id: str) -> None:
    """Tell those who started this process."""
    sys.stdout.write(f"{run_id}\n")
    sys.stdout.flush()


def main() -> None:
    """Do the work that the command line names."""
    role = sys.argv[1]
    threadtrail.instrument(settle_seconds=0.2)
    with OpenAI(http_client=DefaultHttpxClient(verify=False)) as client:
        if role == "create":
            for number in range(int(sys.argv[2])):
                response = client.responses.create(
                    model="gpt-4o", input=f"question {number}", background=True
                )
                say(response.id)
        for line in sys.stdin:
            run_id = line.strip()
            while client.responses.retrieve(run_id).status in {"queued", "in_progress"}:
                pass
            if role == "look":
                client.responses.input_items.list(run_id)
            say(run_id)
    sys.exit(0 if threadtrail.shutdown(240) else "not all was delivered")


main()
