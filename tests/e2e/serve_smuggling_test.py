"""Requests whose end two readers might see in two places, each with another request behind it, as whoever smuggles one
past a proxy sends them: each is refused, the one behind it is never answered, and the connection ends. Likewise in
HTTP/2 what a proxy would write as such a request: a stream with it is refused, and the next stream answered."""
import re
import socket
import struct
import tempfile

from serving import call, start, stop, write_project

BEHIND = b"GET /v1/streams HTTP/1.1\r\nHost: smuggled\r\n\r\n"
HEAD = b"POST /v1/events/orders HTTP/1.1\r\nHost: h\r\n"
CHUNKS = b"0\r\n\r\n"
FRAMINGS = [
    # CL.TE and TE.CL
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKS,
    b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    # TE.TE: codings that one reader takes for chunked and the other does not
    *(b"Transfer-Encoding:" + coding + b"\r\n\r\n" + CHUNKS for coding in
      [b" xchunked", b" chunked, identity", b" identity, chunked", b" chunked, chunked", b" \"chunked\"", b" chunked;q=1",
       b"\x0bchunked", b" \x00chunked", b" chunked\x00", b"\r\n chunked", b" chun\xc4\xb8ed", b" gzip"]),
    b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS,
    b" Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    b"Transfer-Encoding\t: chunked\r\n\r\n" + CHUNKS,
    b"X: y\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    b"X: y\rTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + CHUNKS,
    # CL.CL
    *(b"Content-Length:" + length + b"\r\n\r\n" for length in
      [b" 0\r\nContent-Length: 7", b" 7\r\nContent-Length: 0", b" 0, 7", b" 0 7", b" +0", b" -0", b" 0x0", b" 0_0",
       b" \xd9\xa0", b" 1e0", b"\r\n 0", b" 0;", b"", b" 18446744073709551616"]),
    b"Content-Length : 0\r\n\r\n",
    b"Content-Length: 0\n\r\n",
    # chunks whose size two readers might read in two ways
    *(b"Transfer-Encoding: chunked\r\n\r\n" + chunk for chunk in
      [b"0\n\n", b"0\r\r\n\r\n", b"-0\r\n\r\n", b"+0\r\n\r\n", b"0x0\r\n\r\n", b" 0\r\n\r\n", b"0 \r\n\r\n", b"1\r\naX\r\n0\r\n\r\n",
       b"1\r\na0\r\n\r\n", b"10000000000000000\r\n\r\n", b"1;a\nb\r\na\r\n0\r\n\r\n", b"1\na\n0\n\n", b"\r\n0\r\n\r\n"]),
    # folded lines, and an end of the head that is none everywhere
    b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    b"X: a\r\n\tContent-Length: 7\r\n\r\n",
    b"X: a\n\n",
]
LINES = [b"POST /v1/events/orders HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
         b"POST\t/v1/events/orders HTTP/1.1\r\nHost: h\r\n\r\n",
         b"POST /v1/events/orders HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n",
         b"POST /v1/events/orders HTTP/1.1\r\n\r\n",
         b"POST /v1/events/orders HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n",
         b"POST /v1/events/orders HTTP/1.1\nHost: h\n\n"]


def exchange(port, data):
    """All that is answered until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
        stream.sendall(data)
        answer = b""
        try:
            while piece := stream.recv(1 << 16):
                answer += piece
        except TimeoutError:
            raise AssertionError(f"the connection goes on after {data}: {answer}") from None
        return answer


def codes(answers):
    return re.findall(rb"HTTP/1\.1 (\d\d\d) ", answers)


def check_http1(port):
    for request in [HEAD + framing for framing in FRAMINGS] + LINES:
        answer = exchange(port, request + BEHIND)
        assert codes(answer) in ([b"400"], [b"501"]), (request, answer)
        assert b"\r\nConnection: close\r\n" in answer, (request, answer)
    print(len(FRAMINGS) + len(LINES), "requests of HTTP/1.1 refused")


def check_that_it_could_succeed(port):
    """The same with what is no attempt: both are answered, so that a refusal above means something."""
    for framing in (b"Content-Length: 0\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS):
        last = BEHIND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        answer = exchange(port, HEAD + framing + last)
        assert codes(answer)[1:] == [b"200"], (framing, answer)


# --- HTTP/2 -----------------------------------------------------------------------------------------

GET = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"h"), (b":path", b"/healthz")]
DOWNGRADES = [
    GET + [(b"transfer-encoding", b"chunked")],
    GET + [(b"connection", b"keep-alive")],
    GET + [(b"upgrade", b"h2c")],
    GET + [(b"te", b"gzip")],
    GET + [(b"content-length", b"7")],
    GET + [(b"content-length", b"0"), (b"content-length", b"7")],
    GET + [(b"content-length", b"+0")],
    GET + [(b"x", b"a\r\nTransfer-Encoding: chunked")],
    GET + [(b"x", b"a\nb: c")],
    GET + [(b"x", b"a\0b")],
    GET + [(b"x: y\r\ntransfer-encoding", b"chunked")],
    GET + [(b"Transfer-Encoding", b"chunked")],
    GET + [(b"x y", b"a")],
    GET + [(b":path", b"/v1/streams")],
    GET + [(b":smuggled", b"a")],
    GET + [(b":status", b"200")],
    GET[:3] + [(b"x", b"a")] + GET[3:],
    GET[:3] + [(b":path", b"")],
    GET[:3] + [(b":path", b"/healthz HTTP/1.1\r\nHost: h\r\n\r\nGET /v1/streams")],
    GET[1:],
    GET[:3],
    [(b":method", b"GET /v1/streams HTTP/1.1\r\nx:")] + GET[1:],
]


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(stream, fields):
    """A block without a table: each name and value as they are."""
    block = b"".join(b"\0" + b"".join(encode_size(len(text)) + text for text in field) for field in fields)
    return frame(1, 0x5, stream, block)


def encode_size(size):
    return bytes([size]) if size < 127 else bytes([127, size - 127])


def read_frames(stream):
    """Kind, flags and stream of what comes, one by one."""
    rest = b""
    while True:
        while len(rest) < 9 or len(rest) < 9 + int.from_bytes(rest[:3], "big"):
            piece = stream.recv(1 << 16)
            if not piece:
                return
            rest += piece
        yield rest[3], rest[4], int.from_bytes(rest[5:9], "big"), rest[9:9 + int.from_bytes(rest[:3], "big")]
        rest = rest[9 + int.from_bytes(rest[:3], "big"):]


def is_refused(port, fields):
    """Its stream is reset, or the connection ended, or the answer is no success; the next is answered if it can be."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
        stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + headers(1, fields) + headers(3, GET))
        first = None
        for kind, _, number, payload in read_frames(stream):
            if kind == 7:
                return first != "answered"
            if number == 1 and kind == 3:
                first = "reset"
            elif number == 1 and kind == 1:
                first = "answered" if payload[:1] == b"\x88" else "refused"  # 0x88: status 200
            elif number == 3 and kind == 1:
                assert payload[:1] == b"\x88", payload
                return first in ("reset", "refused")
        return first != "answered"


def check_http2(port):
    assert not is_refused(port, GET)
    for fields in DOWNGRADES:
        assert is_refused(port, fields), fields
    print(len(DOWNGRADES), "requests of HTTP/2 refused")


def main(folder):
    write_project(folder)
    process, port = start(folder, "--listen", "127.0.0.1:0")
    check_that_it_could_succeed(port)
    check_http1(port)
    check_http2(port)
    assert call(port, "GET", "/healthz")[0] == 200
    stop(process)


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
