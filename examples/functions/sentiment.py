"""Says how glad a review sounds, from -1 to 1: what Millwright asks for the field `mood`.

Batches of rows come in as an Arrow stream, and for each one batch with one column goes out, until
there is no more. Standard output is for that alone; messages go to standard error.
"""
import sys

import pyarrow as pa

GLAD = {"good", "great", "love", "lovely", "fine"}
SAD = {"bad", "awful", "broken", "late", "never"}


def mood(text):
    words = (text or "").lower().split()
    score = sum(word in GLAD for word in words) - sum(word in SAD for word in words)
    return max(-1.0, min(1.0, score / 3))


answer = pa.schema([("mood", pa.float64())])
with (pa.ipc.open_stream(sys.stdin.buffer) as questions,
      pa.ipc.new_stream(sys.stdout.buffer, answer) as answers):
    for batch in questions:
        moods = [mood(text) for text in batch.column("text").to_pylist()]
        answers.write_batch(pa.record_batch([pa.array(moods, pa.float64())], schema=answer))
        sys.stdout.buffer.flush()
