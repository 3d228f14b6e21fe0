"""Pictures and networks made by hand, byte by byte, for the tests beside this file."""
import struct
import zlib


def png(rows):
    """A PNG file of rows of (red, green, blue)."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    body = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def read_png(data):
    """The rows of a file that `png` made."""
    width, height = struct.unpack(">II", data[16:24])
    size, = struct.unpack(">I", data[33:37])
    body = zlib.decompress(data[41:41 + size])
    rows = [body[1 + (1 + 3 * width) * row:][:3 * width] for row in range(height)]
    return [[tuple(row[3 * x:3 * x + 3]) for x in range(width)] for row in rows]


def _field(number, value):
    """A field of a protobuf message: an int, or bytes."""
    def varint(rest):
        return bytes([rest]) if rest < 128 else bytes([rest & 127 | 128]) + varint(rest >> 7)

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def network(operation, dimensions):
    """An ONNX file: y is the operation of x, floats of these dimensions (None: any)."""
    def value(number, name):
        shape = b"".join(_field(1, _field(2, "n") if size is None else _field(1, size)) for size in dimensions)
        return _field(number, _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape))))

    node = _field(1, "x") + _field(2, "y") + _field(4, operation)
    graph = _field(1, node) + _field(2, "g") + value(11, "x") + value(12, "y")
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))
